"""Completion for shells, made from the parsers: `--completion bash` or `zsh` prints a script to be sourced.

    source <(logsmonitor2000 --completion bash)

Verbs are offered as the first word, the options of the verb after `-`, the words that an option can be after it, and files elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from .parser import Argument
from .verbs import DEFAULT, PROGRAM, VERBS

SHELLS = ("bash", "zsh")

_BASH = """\
# bash completion for {program}
_{program}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" verb={default} options=
    # bash splits words at =, which becomes a word of its own.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    if ((COMP_CWORD > 1)); then
        case "${{COMP_WORDS[1]}}" in
            {names}) verb="${{COMP_WORDS[1]}}" ;;
        esac
    fi
    case "$verb:${{previous//-/_}}" in
{values}
    esac
    case "$verb" in
{options}
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current"; if ((COMP_CWORD == 1)); then compgen -W "{words}" -- "$current"; fi)
    fi
}}
complete -o filenames -F _{program} {program}
"""

_ZSH = """\
#compdef {program}
# zsh completion for {program}
_{program}() {{
    local verb={default}
    local -a verbs
    verbs=(
{verbs}
    )
    if ((CURRENT > 2)) && [[ -n ${{(M)verbs:#${{words[2]}}:*}} ]]; then
        verb=${{words[2]}}
        words=("${{words[1]}}" "${{(@)words[3,-1]}}")
        ((CURRENT--))
    elif ((CURRENT == 2)) && [[ ${{words[2]}} != -* ]]; then
        _describe verb verbs
    fi
    case $verb in
{cases}
    esac
}}
compdef _{program} {program}
"""


def script(shell: str) -> str:
    """The completion script of `shell`, one of `SHELLS`."""
    arguments = {verb.name: [each for each in verb.parser().arguments if each.names] for verb in VERBS}
    if shell == "zsh":
        verbs = [_quoted(f"{verb.name}:{verb.help}") for verb in VERBS]
        cases = [f"{name}) _arguments {' '.join(_zsh(each))} '*:file:_files' ;;" for name, each in arguments.items()]
        return _ZSH.format(program=PROGRAM, default=DEFAULT.name, verbs=_lines(verbs), cases=_lines(cases))
    names = [verb.name for verb in VERBS]
    values = [_bash_value(name, each) for name, given in arguments.items() for each in given if each.metavar]
    words = {name: " ".join(word for each in given for word in each.names) for name, given in arguments.items()}
    options = [f'{name}) options="{each}" ;;' for name, each in words.items()]
    return _BASH.format(
        program=PROGRAM,
        default=DEFAULT.name,
        names="|".join(names),
        words=" ".join(names),
        values=_lines(values),
        options=_lines(options),
    )


def _bash_value(verb: str, argument: Argument) -> str:
    """The case in which the word before is an option with a value: its words, directories, files, or nothing to offer."""
    patterns = "|".join(f"{verb}:{name.replace('-', '_')}" for name in argument.names)
    offer = ""
    if argument.choices:
        offer = f"-W '{' '.join(argument.choices)}'"
    elif argument.completes:
        offer = "-d" if argument.completes == "directory" else "-f"
    action = f'mapfile -t COMPREPLY < <(compgen {offer} -- "$current"); ' if offer else ""
    return f"{patterns}) {action}return ;;"


def _zsh(arguments: Sequence[Argument]) -> list[str]:
    """The arguments as `_arguments` wants them."""
    specs = []
    for argument in arguments:
        help = argument.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
        value = ""
        if argument.metavar:
            offer = " "
            if argument.choices:
                offer = f"({' '.join(argument.choices)})"
            elif argument.completes:
                offer = "_files -/" if argument.completes == "directory" else "_files"
            value = f":{argument.metavar.replace(':', ' ')}:{offer}"
        specs += [_quoted(f"{name}[{help}]{value}") for name in argument.names]
    return specs


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(f"        {text}" for text in texts)


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
