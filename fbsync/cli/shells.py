"""Completion in bash, zsh and fish: click finds the words; this module talks to the shells.

Click's own scripts break names with spaces, commas or colons: bash gets them unquoted, fish cuts them off. Here, the
shell passes its line up to the cursor, and gets each word in the form that it inserts.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from click.shell_completion import ShellComplete, add_completion_class, split_arg_string

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_FBSYNC_COMPLETE"
"""The variable that click reads. It is set if a shell asks."""

_LINE = "_FBSYNC_LINE"
_BREAKS = "_FBSYNC_BREAKS"
_PLAIN = re.compile(r"[\w./,%+^~-]", re.ASCII)
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|\S""", re.DOTALL)


class _Shell(ShellComplete):
    """The common protocol: a variable has the line up to the cursor, and the answer has one line for each candidate."""

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get(_LINE, "")
        words = split_arg_string(line)
        begins = _last_word(line) == ""
        incomplete = "" if begins or not words else words.pop()
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        if item.type != "plain":
            return item.type
        option, equals, _ = _last_word(os.environ.get(_LINE, "")).partition("=")
        before = option + equals if equals and option.startswith("--") else ""
        return f"plain\t{self.inserted(item.value, before)}\t{item.help or ''}"

    def inserted(self, value: str, before: str) -> str:
        """Return the text that replaces the word.

        Args:
            value: the candidate.
            before: the text before the value in the same word: ``--only=``, or nothing.
        """
        return before + value


class _Bash(_Shell):
    name = "bash"
    source_template = """\
%(complete_func)s() {
    local kind value help
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value help; do
        if [[ $kind == plain ]]; then
            COMPREPLY+=("$value")
        elif [[ -n $kind ]]; then
            compopt -o default 2>/dev/null
        fi
    done < <(_FBSYNC_LINE="${COMP_LINE:0:COMP_POINT}" _FBSYNC_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -F %(complete_func)s %(prog_name)s
"""

    def inserted(self, value: str, before: str) -> str:
        """Return what readline inserts: only the part after the last break, quoted like the beginning of the word."""
        word = _last_word(os.environ.get(_LINE, ""))
        opened = _open_quote(word)
        if opened == "'":
            return value.replace("'", "'\\''")
        if opened:
            return re.sub(r'([$`"\\])', r"\\\1", value)
        breaks = os.environ.get(_BREAKS, "=:")
        done = _before_last_break(word, breaks)
        typed = len(done) - len(before) if done.startswith(before) else 0
        return "".join(c if _PLAIN.match(c) or not c.isascii() else f"\\{c}" for c in value[max(typed, 0) :])


class _Zsh(_Shell):
    name = "zsh"
    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local line kind value help
    local -a plain described files
    (( ! $+commands[%(prog_name)s] )) && return 1
    while IFS=$'\\t' read -r kind value help; do
        if [[ $kind == plain ]]; then
            plain+=("$value")
            described+=("$value${help:+  -- $help}")
        elif [[ -n $kind ]]; then
            files=(yes)
        fi
    done < <(_FBSYNC_LINE="${(j: :)words[1,CURRENT]}" %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)
    (( $#plain )) && compadd -V unsorted -l -d described -a plain
    (( $#files )) && _path_files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Fish(_Shell):
    name = "fish"
    source_template = """\
function %(complete_func)s
    for line in (env _FBSYNC_LINE=(commandline -cp | string collect) %(complete_var)s=fish_complete \\
            %(prog_name)s 2>/dev/null)
        set -l parts (string split -m 2 \\t -- $line)
        if test "$parts[1]" = plain
            printf '%%s\\t%%s\\n' $parts[2] "$parts[3]"
        else if test -n "$parts[1]"
            __fish_complete_path (commandline -ct)
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


_SHELLS = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def teach() -> None:
    """Register this module's classes with click."""
    for name, shell in _SHELLS.items():
        add_completion_class(shell, name)


def script(shell: str) -> str:
    """Return the script that makes a shell (``bash``, ``zsh`` or ``fish``) ask fbsync."""
    variables = {"complete_func": "_fbsync_completion", "complete_var": VARIABLE, "prog_name": "fbsync"}
    return _SHELLS[shell].source_template % variables


def _last_word(line: str) -> str:
    """The word at the end of a line, as typed; empty after a space outside quotes."""
    word, at = "", 0
    while at < len(line):
        found = _QUOTED.match(line, at)
        if found is None:
            word, at = "", at + 1
        elif found[0] in ("'", '"'):
            return word + line[at:]
        else:
            word, at = word + found[0], found.end()
    return word


def _open_quote(word: str) -> str:
    """The quote that a word leaves open, or nothing."""
    left = [found for found in _QUOTED.findall(word) if found in ("'", '"')]
    return left[0] if left else ""


def _before_last_break(word: str, breaks: str) -> str:
    """The start of a typed word that readline does not replace, without backslashes."""
    parts = _QUOTED.findall(word)
    last = max((at for at, part in enumerate(parts) if part in breaks), default=-1)
    return "".join(part.removeprefix("\\") for part in parts[: last + 1])
