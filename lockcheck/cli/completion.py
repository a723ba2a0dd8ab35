"""``lockcheck completion``: the script that makes a shell complete commands and options. Click writes it."""

from __future__ import annotations

import click

PROGRAM = "lockcheck"
VARIABLE = "_LOCKCHECK_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script for a shell.

    \b
    bash: eval "$(lockcheck completion bash)"      in ~/.bashrc (bash 4.4 or later)
    zsh:  eval "$(lockcheck completion zsh)"       in ~/.zshrc, after compinit
    fish: lockcheck completion fish | source       in config.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click has all the shells that the argument allows"
    click.echo(kind(context.find_root().command, {}, PROGRAM, VARIABLE).source())
    return 0
