"""The shape of a model's ``claims:``: keys, types and words, nothing else.

Is: one slotted dataclass for each mapping; the JSON Schema for editors is made from the same classes.
Is not: names resolved (``claims.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from lockcheck.loading.shapes import Pos, Words
from lockcheck.source.typed import Field, StrictInt, StrictStr

Options: TypeAlias = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class AskShape:
    """A question: one of the keys up to ``all``, and what may stand beside it."""

    pos: Pos = 0
    leaf: Annotated[StrictStr | None, Field(description="a lock: nothing is taken under it, by anybody")] = None
    irq_safe: Annotated[StrictStr | None, Field(description="a lock: nobody holds it with hardirqs on")] = None
    order: Annotated[Words | None, Field(description="locks: nobody takes an earlier one under a later one")] = None
    takes: Annotated[StrictStr | None, Field(description="a lock: some path takes it (below `function`)")] = None
    calls: Annotated[StrictStr | None, Field(description="a function: it is called (below `function`)")] = None
    finding: Annotated[Words | None, Field(description="rules or severities: one of them finds something")] = None
    some: Annotated[StrictStr | None, Field(description="a fact kind: there is such a fact")] = None
    not_: Annotated[Any, Field(alias="not", description="a question whose answer is turned round")] = None
    all: Annotated[list[Any] | None, Field(description="questions of which every one must hold")] = None
    where: Annotated[dict[str, Any] | None, Field(description="beside `some`: conditions by attribute")] = None
    locks: Annotated[Words | None, Field(description="beside `finding`: all of these are in it")] = None
    function: Annotated[StrictStr | None, Field(description="only what happens in and below this function")] = None


@dataclass(slots=True, kw_only=True)
class AssumingShape:
    """Something that is not so in the model, under which the claim may hold."""

    pos: Pos = 0
    text: StrictStr
    in_: Annotated[Words, Field(alias="in", description="models in which it is so")] = field(default_factory=list)
    config: Annotated[Options, Field(description="CONFIG_X: y or n")] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ClaimShape:
    """Something that somebody says of the locks."""

    pos: Pos = 0
    id: Annotated[StrictStr | StrictInt, Field(description="short and unique in the ledger")]
    text: Annotated[StrictStr, Field(description="the claim, in one sentence of your own")]
    who: StrictStr | None = None
    message: Annotated[StrictStr | None, Field(description="Message-ID, without angle brackets")] = None
    ask: Annotated[Any, Field(description="the question it comes to")] = None
    in_: Annotated[Words, Field(alias="in", description="models to ask, instead of this one and what it includes")] = (
        field(default_factory=list)
    )
    config: Annotated[Options, Field(description="CONFIG_X: y or n, fixed for this claim")] = field(
        default_factory=dict
    )
    vary: Annotated[Words, Field(description="options of which every combination is asked")] = field(
        default_factory=list
    )
    assuming: Annotated[Any, Field(description="under which it may hold, one or a list")] = None
    nothing_to_prove: Annotated[StrictStr | None, Field(description="why: a rule, an opinion, history")] = None
    undecided: Annotated[StrictStr | None, Field(description="what no model says")] = None
    expect: Annotated[StrictStr | None, Field(description="the answer that is right")] = None
    note: StrictStr | None = None
