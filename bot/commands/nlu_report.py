"""The report of `wenfa eval nlu`: one HTML file with a confusion picture, nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bot.commands.nlu_checks import Count, Safety, Several
from bot.commands.nlu_scores import Bin, Scores
from bot.privacy import mask

_CELL = 26
_LABEL_WIDTH = 210
_WORST = 40
_STYLE = """
body { font: 15px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1c2733; background: #fff; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.4rem; border-bottom: 2px solid #1c6e50; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top; }
tr + tr { border-top: 1px solid #dde3e9; } .number { font-variant-numeric: tabular-nums; }
svg text { font: 12px system-ui, sans-serif; fill: #1c2733; } svg .light { fill: #fff; }
figure { margin: 1rem 0; overflow-x: auto; } figcaption { color: #51606e; }
"""


def as_html(scores: dict[str, Scores], several: Several, safety: Safety, source: str) -> str:
    """The whole page. Texts are masked: a report is passed around."""
    parts = [_safety(safety)]
    parts += [_section(name, found) for name, found in scores.items() if found.rows]
    parts += [_several(several)] if several.rows else []
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>理解评测</title>'
        f"<style>{_STYLE}</style></head><body><h1>理解评测：{escape(source)}</h1>{''.join(parts)}</body><"
        f"/html>"
    )


_TITLES = {"intent": "意图", "category": "诉求类别", "category of titles": "诉求类别（只看标题）"}


def _section(name: str, scores: Scores) -> str:
    return (
        f"<section><h2>{escape(_TITLES.get(name, name))}</h2>{_figures(scores)}"
        f"<figure>{confusion_picture(scores)}<figcaption>行：标注；列：判断。颜色越深，该行中所占越多"
        f"。</figcaption></figure>"
        f"<figure>{calibration_picture(scores.bins)}<figcaption>把握与准确率；在斜线上最好。</figcaption></figure>"
        f"{_errors(scores)}</section>"
    )


def _safety(safety: Safety) -> str:
    return _table(
        [
            ("紧急情况找到", _count(safety.found)),
            ("误报紧急", _count(safety.false_alarms)),
            ("闲聊和无关的话当成咨询或投诉", _count(safety.leaks)),
        ]
    )


def _several(several: Several) -> str:
    figures = [
        ("条数", f"{several.rows}"),
        ("校准误差 ECE", f"{several.calibration_error:.3f}"),
        ("平均每条过半把握的类别", f"{several.named:.2f}"),
        ("标注的类别中找到", _count(several.found)),
        ("找到的类别中有标注", _count(several.right)),
    ]
    return (
        f"<section><h2>各类别各自的把握</h2>{_table(figures)}"
        f"<figure>{calibration_picture(several.bins)}<figcaption>每条与每个类别各算一次；在斜线上最好。"
        f"</figcaption></figure></section>"
    )


def _count(count: Count) -> str:
    share = f"（{count.hits / count.total:.1%}）" if count.total else ""
    return f"{count.hits} / {count.total}{share}"


def _table(rows: list[tuple[str, str]]) -> str:
    body = "".join(
        f'<tr><th>{escape(name)}</th><td class="number">{escape(value)}</td></tr>' for name, value in rows
    )
    return f"<table>{body}</table>"


def _figures(scores: Scores) -> str:
    rows = [
        ("条数", f"{scores.rows}"),
        (
            "准确率",
            f"{scores.accuracy:.3f}（{scores.accuracy_interval[0]:.3f}–{scores.accuracy_interval[1]:.3f}）",
        ),
        ("前二", f"{scores.top_2:.3f}" if scores.is_ranked else "—"),
        (
            "宏平均 F1",
            f"{scores.macro_f1:.3f}（{scores.macro_f1_interval[0]:.3f}–{scores.macro_f1_interval[1]:.3f}）",
        ),
        ("校准误差 ECE", f"{scores.calibration_error:.3f}"),
    ]
    return _table(rows)


def confusion_picture(scores: Scores) -> str:
    """A square for each pair of labels, darker where more of a row's messages fall."""
    labels = scores.labels
    matrix = scores.matrix()
    size = len(labels) * _CELL
    shapes = []
    for y, truth in enumerate(labels):
        total = sum(matrix[truth, guess] for guess in labels)
        top = _LABEL_WIDTH + y * _CELL
        shapes.append(
            f'<text x="{_LABEL_WIDTH - 6}" y="{top + 17}" text-anchor="end">{escape(truth or "—")}</text>'
        )
        turned = _LABEL_WIDTH + y * _CELL + 17
        shapes.append(
            f'<text transform="translate({turned},{_LABEL_WIDTH - 6}) rotate(-90)">'
            f"{escape(truth or '—')}</text>"
        )
        for x, guess in enumerate(labels):
            shapes.append(_square(matrix[truth, guess], total, x, y, is_right=truth == guess))
    edge = _LABEL_WIDTH + size
    return f'<svg role="img" aria-label="混淆矩阵" width="{edge}" height="{edge}">{"".join(shapes)}</svg>'


def _square(count: int, total: int, x: int, y: int, *, is_right: bool) -> str:
    share = count / total if total else 0.0
    colour = "28,110,80" if is_right else "176,48,32"
    left, top = _LABEL_WIDTH + x * _CELL, _LABEL_WIDTH + y * _CELL
    square = (
        f'<rect x="{left}" y="{top}" width="{_CELL - 1}" height="{_CELL - 1}"'
        f' fill="rgba({colour},{share:.2f})" stroke="#dde3e9"/>'
    )
    if not count:
        return square
    style = ' class="light"' if share > 0.55 else ""
    return square + f'<text x="{left + _CELL / 2}" y="{top + 17}" text-anchor="middle"{style}>{count}</text>'


def calibration_picture(bins: Sequence[Bin]) -> str:
    """Accuracy over confidence; the area of a dot is the number of rows."""
    total = sum(found.rows for found in bins)
    dots = "".join(
        f'<circle cx="{30 + found.confidence * 240:.0f}" cy="{270 - found.accuracy * 240:.0f}"'
        f' r="{3 + 12 * (found.rows / total) ** 0.5:.1f}" fill="rgba(20,90,140,.65)"><title>'
        f"{found.rows} 条，把握 {found.confidence:.2f}，准确 {found.accuracy:.2f}</title></circle>"
        for found in bins
    )
    return (
        '<svg role="img" aria-label="校准" width="300" height="300">'
        '<path d="M30 30V270H270" fill="none" stroke="#51606e"/><path d="M30 270L270 30" stroke="#b7c2cc"/>'
        f'{dots}<text x="120" y="292">把握</text><text x="4" y="24">准确率</text></svg>'
    )


def _errors(scores: Scores) -> str:
    rows = "".join(
        f'<tr><td class="number">{item.confidence:.2f}</td>'
        f"<td>{escape(item.truth)} → {escape(item.guess)}</td>"
        f"<td>{escape(mask(item.text)[:160])}</td></tr>"
        for item in scores.worst(_WORST)
    )
    return (
        f"<h3>最有把握的错误</h3><table><tr><th>把握</th><th>标注 → 判断</th><th>原文</th></tr>{rows}</table>"
    )
