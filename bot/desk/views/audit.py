"""The audit log, to read."""

from __future__ import annotations

from aiohttp import web

from bot.desk.context import services
from bot.desk.render import page
from tickets.audit import PAGE_SIZE, audit_page

LABELS = {
    "sign_in": "登录",
    "sign_in_failed": "登录失败",
    "sign_out": "退出登录",
    "joined": "接受邀请、开通账号",
    "invited": "发出邀请",
    "invitation_withdrawn": "作废邀请",
    "officer_changed": "修改账号",
    "password_changed": "更换密码",
    "password_reset": "重设密码",
    "second_factor": "开通动态验证码",
    "second_factor_off": "关闭动态验证码",
    "second_factor_cleared": "清除动态验证码",
    "sessions_ended": "强制退出登录",
    "template_written": "修改回复模板",
    "template_dropped": "删除回复模板",
    "telegram_code": "取 Telegram 绑定码",
    "telegram_unlinked": "解除 Telegram 绑定",
    "labelled": "标注训练语料",
    "card_draft": "起草规则卡",
    "card_submitted": "规则卡送审",
    "card_published": "发布规则卡",
    "card_returned": "退回规则卡",
    "card_withdrawn": "撤下规则卡",
    "export": "导出工单",
    "contact": "查看联系方式",
    "conversation_taken": "接管会话",
    "conversation_handed_back": "交还会话",
    "conversation_answer_submitted": "会话里的答复送法制审核",
    "unit_changed": "修改单位的联系方式",
    "photo_released": "公开照片",
    "photo_hidden": "收回公开的照片",
    "campaign_written": "起草宣传消息",
    "campaign_approved": "审核宣传消息",
    "campaign_scheduled": "定时发送宣传消息",
    "campaign_cancelled": "取消宣传消息",
    "webhook_made": "新建对接",
    "webhook_state": "启停对接",
    "webhook_replayed": "重新推送",
    "api_key_made": "发放接口密钥",
    "api_key_revoked": "作废接口密钥",
    "check_announced": "公布抽查名单",
    "check_drawn": "抽取检查对象",
    "rota": "安排法律顾问轮值",
}


async def audit_log(request: web.Request) -> web.StreamResponse:
    """Newest first, by kind of act if asked."""
    number = request.query.get("page", "1")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    action = request.query.get("action", "")
    action = action if action in LABELS else ""
    async with services(request).database.reading() as session:
        rows = await audit_page(session, wanted, action)
    return page(
        request,
        "audit.html",
        rows=rows[:PAGE_SIZE],
        has_next=len(rows) > PAGE_SIZE,
        number=max(1, wanted),
        action=action,
        labels=LABELS,
    )
