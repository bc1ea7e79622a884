"""Writes the generated sections of both READMEs from the code: `python -m tests.documents`.

Only tables of facts are generated (verbs, options, reasons, causes, endpoints, status words); the
sentences around them are written by people. test_docs fails while a section is stale.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from monitor.cli.arguments import parser
from monitor.model import REASONS, Cause, Counts, Health
from monitor.reports.words import cause
from monitor.settings import Settings, options
from monitor.web import openapi

ROOT = Path(__file__).parent.parent
DOCUMENTS = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
_SECTION = re.compile(
    r"(?P<head><!-- generated: (?P<name>\w+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL
)
_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}"}


def verbs(heads: Sequence[str]) -> str:
    """One row per verb: what it does and what may follow it."""
    return _table(
        heads,
        (
            (f"`{name}`", sub.description or "", " ".join(map(_argument, _arguments(sub))))
            for name, sub in subparsers().items()
        ),
    )


def settings(heads: Sequence[str]) -> str:
    """One row per option of the configuration."""
    return _table(
        heads,
        (
            (
                f"`{each.section}.{each.key}`",
                f"`{_default(each.default)}`",
                _bounds(each.section, each.key),
                f"`{each.variable}`" + (" (`_FILE`)" if each.secret else ""),
                each.help,
            )
            for each in options()
        ),
    )


def reasons(heads: Sequence[str]) -> str:
    """One row per reason: what it is evidence for, what it counts against, what to do."""
    says = {Health.UP: "up", Health.DOWN: "down", None: "—"}
    counts = {Counts.NOTHING: "—"}
    return _table(
        heads,
        (
            (
                f"`{reason.value}`",
                card.meaning,
                card.advice,
                says[card.says],
                counts.get(card.counts, card.counts.value),
            )
            for reason, card in REASONS.items()
        ),
    )


def causes(heads: Sequence[str]) -> str:
    """One row per cause of unobserved time."""
    return _table(heads, ((f"`{each.value}`", cause(each)) for each in Cause))


def endpoints(heads: Sequence[str]) -> str:
    """One row per address, with its parameters."""
    rows = [("`/`", "The page.", "")]
    for path, methods in openapi.document("")["paths"].items():
        asked = methods["get"]
        names = [each["name"] for each in asked.get("parameters", ()) if each["in"] == "query"]
        rows.append((f"`{path}`", asked["summary"], " ".join(f"`{name}`" for name in names)))
    return _table(heads, rows)


_Section = tuple[Callable[[Sequence[str]], str], Mapping[str, Sequence[str]]]
SECTIONS: Mapping[str, _Section] = {
    "verbs": (
        verbs,
        {
            "en": ("Verb", "What it does", "What may follow"),
            "zh": ("命令", "作用", "参数"),
        },
    ),
    "settings": (
        settings,
        {
            "en": ("Option", "Default", "Limits", "Environment", "Meaning"),
            "zh": ("选项", "默认值", "范围", "环境变量", "含义"),
        },
    ),
    "reasons": (
        reasons,
        {
            "en": ("Reason", "Meaning", "Next step", "Evidence for", "Counts against"),
            "zh": ("原因代码", "含义", "下一步", "证明", "计入"),
        },
    ),
    "causes": (causes, {"en": ("Cause", "Meaning"), "zh": ("原因", "含义")}),
    "endpoints": (
        endpoints,
        {"en": ("Address", "Answer", "Parameters"), "zh": ("地址", "内容", "参数")},
    ),
}


def renewed(text: str, language: str) -> str:
    """The document with every generated section as the code is now."""

    def section(match: re.Match[str]) -> str:
        make, heads = SECTIONS[match["name"]]
        return f"{match['head']}{make(heads[language])}\n{match['tail']}"

    return _SECTION.sub(section, text)


def sections_of(text: str) -> list[str]:
    """Names of the generated sections of a document, in order."""
    return [match["name"] for match in _SECTION.finditer(text)]


def subparsers() -> dict[str, argparse.ArgumentParser]:
    """The verbs by name."""
    found = [each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found[0].choices)


def _arguments(sub: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    return (each for each in sub._actions if not isinstance(each, argparse._HelpAction))


def _argument(action: argparse.Action) -> str:
    """One argument as a person types it; in brackets when it may be left out."""
    words = "|".join(map(str, action.choices)) if action.choices else ""
    value = words or str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    name = action.option_strings[-1]
    typed = name if action.nargs == 0 else f"{name} {value}"
    return f"`{typed}`" if action.required else f"`[{typed}]`"


def _default(text: str) -> str:
    """As it is written in TOML."""
    return {"True": "true", "False": "false", "": '""'}.get(text, text)


def _bounds(section: str, key: str) -> str:
    field = Settings.model_fields[section].annotation.model_fields[key]  # type: ignore[union-attr]
    found = [
        pattern.format(getattr(bound, name))
        for bound in field.metadata
        for name, pattern in _BOUNDS.items()
        if hasattr(bound, name)
    ]
    return ", ".join(found)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Rewrite both READMEs."""
    for language, path in DOCUMENTS.items():
        text = path.read_text(encoding="utf-8")
        new = renewed(text, language)
        if new != text:
            path.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{path.name}: {'renewed' if new != text else 'fresh'}\n")


if __name__ == "__main__":
    main()
