"""What goes wrong on the desk, in words that help an officer on."""

from __future__ import annotations

import secrets

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.desk.auth import FormForged, NotAllowed
from bot.desk.render import page
from tickets.errors import BotError

log = structlog.get_logger()

# Words for officers; what citizens read is in bot/texts.
TEXTS = {
    "ticket_not_found": "没有这张工单。",
    "transition_not_allowed": "工单现在的状态不能这样办理，请按下面列出的操作来。",
    "actor_not_allowed": "这一步不能由您来办，或者该单位不能承办这类诉求。",
    "hand_back_needed": "不能直接转给别的单位。没开始办的请申请退单，已经开始的请联系督办人员。",
    "merges_itself": "不能把一张工单并到它自己里面。",
    "walled_off": "反映工作人员作风的工单只由督查部门办理，不能并单，也不能转给其他单位。",
    "note_required": "这一步要写说明，请补上后再提交。",
    "stale_version": "刚才有同事动过这张工单。您写的内容还在，请先看看最新记录，再决定是否提交。",
    "officer_not_found": "这位工作人员已停用，或者不属于该承办单位。",
    "routing_error": "没有这个承办单位。",
    "database_busy": "系统正忙，请稍等几秒再试。",
    "wrong_credentials": "用户名或密码不对。",
    "username_taken": "这个用户名已经有人用了，请换一个。",
    "username_not_allowed": "用户名用2到40个字母、数字、点、横线或下划线。",
    "invitation_invalid": "这个邀请链接已经用过、过期或不完整，请向管理员要一个新的。",
    "last_administrator": "这是最后一位管理员，不能停用或改成别的角色。",
    "calendar_year_missing": "还没有那一年的节假日安排，不能推算期限。",
    "error_password_short": "密码太短：至少10个字符。",
    "error_password_long": "密码太长：最多256个字符。",
    "error_password_common": "这个密码太常见，容易被猜到，请换一个。",
    "error_password_like_name": "密码不能和用户名差不多，请换一个。",
    "error_password_simple": "这个密码太简单（重复或连续的字符），请换一个。",
    "already_ruled": "已经有申请在等审定，或者已经审定过、不能再延期。",
    "webhook_name": "名称要填，最多60个字。",
    "webhook_name_taken": "这个名称已经有了，请换一个。",
    "webhook_event": "有不认识的事件，请重新勾选。",
    "webhook_too_many": "对接太多了，最多50个。",
    "webhook_url": "地址不能用：要用https，不能是本单位内网。内网地址要由运维加到WENFA_WEBHOOK_HOSTS。",
    "webhook_unknown": "没有这个对接，或者它已经停用。",
    "campaign_topic": "请选一个栏目。",
    "campaign_title": "标题要填一行，最多30个字。",
    "campaign_text": "正文要填，最多500个字（再长微信会分段）。",
    "campaign_time": "发送时间要在现在以后、一年以内。",
    "campaign_state": "这条消息现在的状态不能这样办，请刷新页面看看。",
    "campaign_own": "自己写的要由另一位同事审核。",
    "campaign_changed": "内容刚刚改过，请再看一遍后审核。",
    "campaign_unknown": "没有这条宣传消息。",
    "too_soon": "刚刚办过，请过一段时间再试。",
    "ticket_merged": "这张工单已并入另一张，请到那一张上办理。",
    "already_talking": "同事正在和这位诉求人对话。等诉求人超过5分钟没有得到回复，才能接过来。",
    "not_talking": "这次对话现在不归您：可能已经结束，或被同事接走了。您写的内容还在。",
    "too_many_views": "最多保存12个视图，请先删掉不用的。",
    "conversation_not_found": "没有这段会话，或者它不归您的单位。",
    "after_photo_required": "办结这类工单要有处理后的照片。",
    "too_many_photos": "处理后的照片最多九张。",
    "no_outcome": "请选择回访的结果。",
    "no_photo": "还没有选照片。",
    "photo_too_large": "照片太大，每张不能超过10MB。",
    "photo_not_an_image": "这个文件不是照片，请选JPG或PNG格式的照片。",
    "photo_heic": "这是苹果手机的HEIC照片，系统打不开。请在手机里换成JPG再上传。",
    "photo_damaged": "这张照片已损坏，打不开。",
    "photo_too_many_pixels": "这张照片的尺寸太大，请缩小后再上传。",
    "photo_failed": "照片没有存上，请稍后再试。",
    "file_too_large": "文件太大，每份不能超过5MB。",
    "file_not_a_document": "只能发照片、PDF、Word（docx）和Excel（xlsx）文件。",
    "file_damaged": "这份文件不完整，打不开。",
    "file_active": "这份文件带宏、脚本或夹带别的文件，不能发给诉求人。请另存为普通PDF再发。",
    "too_many_files": "一次最多发九张照片、三份文件。",
    "nobody_to_send_to": "这张工单没有可送达的会话，照片和文件发不出去。只写文字可以存入记录。",
    "review_without_files": "送法制审核的答复不能带照片和文件。请先送文字，审核通过后再发照片和文件。",
    "contact_sealed": "联系方式打不开，请联系管理员检查密钥。",
    "too_long": "内容太长，没有发出。下面保留了开头部分，请删减后再发。",
    "empty": "还没有写内容。",
    "not_your_ticket": "这张工单归其他单位办理，您没有查看权限。需要协办请联系督办人员。",
    "wrong_code": "验证码不对或已过期，请用手机上最新的6位数字。",
    "passwords_differ": "两次输入的新密码不一样。",
    "review_required": "这样的答复要先经法制审核，请点“送法制审核”。问情况、打招呼可以直接发；"
    "小结和办结说明里也不要写没有审核过的答复。",
    "own_draft": "自己写的答复不能自己审核，请由另一位审核人员来审。",
    "draft_not_open": "这份答复已经审核过或已撤回；同一张工单一次只能有一份答复待审。",
    "not_an_adviser": "请选择在用的法律顾问账号，交接双方不能是同一个人。",
    "nothing_to_check": "这段时间办结的工单不够抽，或者还没有可以检查的人员。请放宽时段或减少抽取数。",
    "check_not_open": "这一步已经办过，或者没有这项检查。",
    "marks_missing": "每一项都要打分，不能超过该项满分。",
    "no_reviewer": "有抽中的工单找不到可回避本单位、本人的检查人员。请增加检查人员后重新公布名单。",
    "too_early": "种子要在公布名单以后才产生，请明天或以后再抽取。",
    "away_then": "接手的人第一天正在请假，请换一位，或者改从他回来的那天开始。",
    "wrong_period": "日期不对：结束不能早于开始，不能全在今天以前，也不能超过一年。",
    "gap_not_found": "没有这条记录，可能已经处理完了。",
    "card_in_work": "这张规则卡已经有人在改，请先在“规则卡”里打开那一份。",
    "unknown_variable": "模板里有不认识的变量，请只用下面列出的变量。",
}

_PAGES = {
    403: ("没有权限", "您的账号不能打开这个页面。如果工作需要，请联系管理员调整角色。"),
    404: ("没有找到", "这个地址没有内容，可能工单编号有误，或页面已经移走。"),
    405: ("不能这样打开", "这个页面不能直接打开，请从工作台进入。"),
    413: ("内容太大", "提交的内容太大，没有保存。请删减后再试。"),
    415: ("格式不对", "提交的内容格式不对，请从工作台的表单提交。"),
}
_STATUSES = {
    "ticket_not_found": 404,
    "conversation_not_found": 404,
    "officer_not_found": 404,
    "not_your_ticket": 403,
}
_FORGED = (
    "页面已失效",
    "这个页面打开太久，或不是从工作台提交的，为安全起见没有执行。请返回、刷新页面后再试。",
)


class PasswordsDiffer(BotError):
    """The new password was typed in two ways."""

    code = "passwords_differ"
    reply_key = "passwords_differ"


class NotYourTicket(BotError):
    """The ticket belongs to a unit whose tickets this officer may not see."""

    code = "not_your_ticket"


def text_for(error: BotError) -> str:
    """The words for a refusal."""
    return TEXTS.get(error.reply_key) or TEXTS.get(error.code) or "没有办成，请稍后再试。"


@web.middleware
async def error_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal and failure into a page in Chinese; an unexpected one gets an incident number."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _page_for(request, error)
    except BotError as error:
        status = _STATUSES.get(error.code, 409)
        return page(
            request, "error.html", status=status, title="没有办成", text=text_for(error), incident=None
        )
    except ConnectionResetError:
        # The browser went on to another page and left its question: nobody reads the answer.
        return web.Response(status=400)
    except Exception:
        incident = secrets.token_hex(4).upper()
        log.exception("desk.failed", incident=incident, path=request.path)
        return page(
            request,
            "error.html",
            status=500,
            title="系统出错了",
            text="这一步没有办成，数据没有改动。请稍后再试；如果还不行，把下面的编号告诉管理员。",
            incident=incident,
        )


def _page_for(request: web.Request, error: web.HTTPException) -> web.Response:
    title, text = (
        _FORGED if isinstance(error, FormForged) else _PAGES.get(error.status, ("没有办成", "请稍后再试。"))
    )
    if isinstance(error, NotAllowed):
        log.warning("desk.not_allowed", path=request.path)
    return page(request, "error.html", status=error.status, title=title, text=text, incident=None)
