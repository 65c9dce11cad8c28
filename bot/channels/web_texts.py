"""What the web page itself says to a citizen; the assistant's own words are in `bot/texts`."""

from __future__ import annotations

TEXTS = {
    "bad_frame": "这条消息没有看懂，请刷新页面再试。",
    "empty": "还没有写内容，请写几个字再发。",
    "form_needs_what": "请写一下发生了什么事，再提交。",
    "too_long": "一次最多能收一万字，这条太长了。请分成几段发，您写的内容还在。",
    "bad_location": "没有收到正确的位置，请再试一次，或者直接写地址。",
    "slow_down": "发得有点快，您的消息已经留着，{seconds}秒后自动再发。",
    "slow_down_plain": "发得有点快，请过{seconds}秒再发一次。您写的内容还在下面。",
    "try_again": "系统刚才没有存下来，消息还留着，会自动再发一次。",
    "try_again_plain": "系统刚才没有存下来，请再发一次。您写的内容还在下面。",
    "not_from_page": "这次提交不是从本页面发出的，没有处理。请回到页面再发一次。",
    "no_session": "会话没有打开，请刷新页面。",
    "no_cookie": "浏览器没有保存会话标识（Cookie）。请允许本网站保存Cookie，再发一次。您写的内容还在下面。",
    "photo_missing": "没有收到照片，请重新选一张。",
    "photo_too_large": "这张照片超过10兆，没有传上来。请换一张小一点的，或者截个图再发。前面说的内容都还在。",
    "photo_not_an_image": "这个文件不是照片，没有传上来。请发手机拍的照片（JPG、PNG）。前面说的内容都还在。",
    "photo_heic": "这种格式（HEIC）打不开。请把手机相机设成“兼容性最佳”再拍，或者截个图再发。",
    "photo_damaged": "这张照片坏了，打不开。请重新拍一张或换一张。前面说的内容都还在。",
    "photo_too_many_pixels": "这张照片的尺寸太大，打不开。请截个图再发。前面说的内容都还在。",
    "photo_not_saved": "照片没有存下来，请过一会儿再发。前面说的内容都还在。",
    "photo_gone": "没有这张照片。",
}


def web_text(key: str, **params: object) -> str:
    """The sentence under that key."""
    return TEXTS[key].format(**params)
