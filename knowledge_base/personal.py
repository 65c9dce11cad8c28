"""What only a person may decide, found by rule: an accusation against an officer, a signature, a case.

Ranking alone takes such a text for a question about the law of its matter. Who asks how or where to complain
gets the card that says so.
"""

from __future__ import annotations

import re

_OFFICER = (
    r"(?:城管|队员|执法(?:人员|队|的|员)?|中队|大队|队长|科长|所长|局长|主任|领导|协管员?|工作人员|穿制服的|你们的?人|你们局"
    r"|(?:姓|叫)[\u4e00-\u9fff]{1,3}的)"
)
_WRONG = (
    r"(?:打人|打了?我|打伤|骂|推我|推人|动手|收(?:了?人?家?)?(?:的)?(?:黑)?钱|收.{0,5}(?:红包|礼|好处|香?烟|酒|购物卡)|受贿|索贿|贪污|要好处|吃拿卡要|包庇"
    r"|徇私|勾结|保护伞|态度|刁难|侮辱|威胁我)"
)
_DEMAND = (
    r"(?:投诉|举报|控告|告他|处分|开除|处理他|查他|查查|查不查|不查|撤职|给个说法|登记|记过|管不管|换掉|道歉|严惩"
    r"|曝光)"
)
_ACCUSATION = re.compile(
    rf"(?=.*{_OFFICER})(?=.*{_WRONG})(?=.*{_DEMAND})"
    rf"|(?:姓[\u4e00-\u9fff]的|叫[\u4e00-\u9fff]{{2,3}}的|[\u4e00-\u9fff](?:队长|科长|局长|所长|主任)).{{0,12}}{_WRONG}"
)
_HOW_TO = re.compile(
    r"怎么(?:样)?(?:举报|投诉|告|反映|办)|哪里|去哪|向哪|到哪|找谁|找哪|什么电话|电话多少|流程|渠道"
)
_PAPER = r"(?:合同|协议|条款|判决|裁定|方案|条件|调解书)"
_ADVICE = re.compile(
    r"签不签|(?:要不要|该不该|能不能|可不可以)签|签(?:了|下去)?(?:会不会)?(?:吃亏|划算|划得来)|划不划算|合不合算"
    r"|该不该(?:答应|接受|同意|和解)|(?:赔|补偿|给我?|私了|调解|和解|条件).{0,14}要不要(?:答应|接受|同意)"
    r"|(?:你|您)们?(?:说|看|觉得|认为|建议).{0,12}(?:该不该|要不要|值不值得?|撤不撤|告不告|能不能赢).{0,6}(?:撤|告|诉|和解|打|签|认)"
    rf"|(?:帮|替|给)我?.{{0,6}}(?:看看|看一下|审|把关|拿主意|分析|判断).{{0,12}}(?:{_PAPER}|案子|官司)"
    rf"|{_PAPER}.{{0,8}}(?:你|您)(?:帮|替|给|看).{{0,6}}(?:看|审|把关|拿主意|问题)|{_PAPER}.{{0,10}}有没有(?:问题|坑|陷阱)"
)
_PENDING = re.compile(
    r"(?:我的|我那|我这|我家的?).{0,8}(?:案子|案件|处罚|罚款|罚单|官司|申请|复议).{0,14}"
    r"(?:什么时候(?:能|会)?(?:定|结|判|批|下来|有结果|处理)|到哪一?步|进展|谁在办|批了没|能不能(?:给我)?(?:免|减|少罚|撤|取消)"
    r"|(?:给我|帮我)(?:免|减|少|撤|取消|退)|(?:能|会)不(?:能|会)赢|能赢吗|胜算|会怎么判)|跟领导(?:说|讲|求)|(?:打|官司|案子).{0,6}(?:胜算|赢的?(?:几率|概率|把握))"
)

OFFICER, OWN_CASE = "guard_handoff_officer", "guard_handoff_own_case"
# In a long account the words lie too far apart to mean one thing; ranking sees its matter better.
_LONGEST = 80


def for_a_person(text: str) -> str | None:
    """The id of the guard that answers a text (in Simplified characters), None if it is no such matter."""
    if len(text) > _LONGEST:
        return None
    if _ACCUSATION.search(text) and not _HOW_TO.search(text):
        return OFFICER
    return OWN_CASE if _ADVICE.search(text) or _PENDING.search(text) else None
