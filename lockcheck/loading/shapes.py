"""The shape of what a model file declares: keys, types and words, nothing else.

Is: one slotted dataclass for each kind of declaration; the JSON Schema for editors is made from the same classes.
Is not: names resolved: whether a lock exists is found out when the program is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from lockcheck.source.scalars import AT
from lockcheck.source.typed import DATE, BeforeValidator, Field, StrictBool, StrictInt, StrictStr


def _listed(value: Any) -> Any:
    """One word or a list of words; words that the reader gave a position are unwrapped."""
    if isinstance(value, str):
        return [value]
    return unwrap(value)


def unwrap(value: Any) -> Any:
    """A list of words that the reader took for steps, as plain words again."""
    if not isinstance(value, list):
        return value
    return [next(key for key in item if key != AT) if _is_wrapped_word(item) else item for item in value]


def _is_wrapped_word(item: Any) -> bool:
    return isinstance(item, dict) and len(item) == 2 and AT in item and None in item.values()


def _one_or_more(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Words: TypeAlias = Annotated[
    list[StrictStr], BeforeValidator(_listed, json_schema_input_type=StrictStr | list[StrictStr])
]
_IN_C = "what C calls it, where that follows from nothing else; none: it has no line of its own"
Wait: TypeAlias = Literal["none", "free", "spin", "config", "sleep"]
Context: TypeAlias = Literal["task", "softirq", "hardirq", "nmi"]
OnOff: TypeAlias = Literal["on", "off"]
Pos: TypeAlias = Annotated[int, Field(alias=AT)]
Steps: TypeAlias = list[Any]
Number: TypeAlias = Annotated[StrictInt, Field(ge=-1_000_000, le=1_000_000)]


@dataclass(slots=True, kw_only=True)
class Common:
    """Keys that every declaration may have."""

    pos: Pos = 0
    at: Annotated[StrictStr | None, Field(description="kernel source it models: file:line")] = None
    c: Annotated[Words, Field(description=_IN_C)] = field(default_factory=list)
    note: Annotated[StrictStr | None, Field(description="words for people")] = None
    when: Annotated[Words, Field(description="only when all of these options are on")] = field(default_factory=list)
    unless: Annotated[Words, Field(description="only when none of these options is on")] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class LockShape(Common):
    """A lock. `NAME: kind` is short for `NAME: {kind: kind}`."""

    kind: Annotated[StrictStr | None, Field(description="lock kind of the dialect")] = None
    class_: Annotated[StrictStr | None, Field(alias="class", description="the class this instance belongs to")] = None
    rank: Annotated[Number | None, Field(description="place in the order function of its class; lower is outer")] = None
    checked: Annotated[StrictBool, Field(description="false: on the held stack only (novalidate)")] = True
    wait: Annotated[Wait | None, Field(description="wait type it creates, instead of its kind's")] = None
    wait_outer: Annotated[Wait | None, Field(description="wait type that taking it needs")] = None
    leaf: Annotated[StrictBool, Field(description="declared: nothing is taken under it")] = False
    group: Annotated[StrictStr | None, Field(description="subsystem or group, for rules")] = None
    many: Annotated[StrictBool, Field(description="one lock in each of many objects: never a guard")] = False
    attributes: Annotated[dict[str, Any], Field(description="words for rules to select on")] = field(
        default_factory=dict
    )


@dataclass(slots=True, kw_only=True)
class CacheShape(Common):
    """A slab cache with its constructor and destructor."""

    ctor: StrictStr | None = None
    dtor: StrictStr | None = None
    flags: Words = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class QueueShape(Common):
    """A workqueue."""

    rescuer: Annotated[StrictBool, Field(description="WQ_MEM_RECLAIM")] = False
    ordered: Annotated[StrictBool, Field(description="one item at a time")] = False


@dataclass(slots=True, kw_only=True)
class WorkShape(Common):
    """A work item: an entry in task context and a lock class of its own."""

    function: StrictStr
    queue: Annotated[StrictStr | None, Field(description="the workqueue it runs on")] = None


@dataclass(slots=True, kw_only=True)
class TimerShape(Common):
    """A timer: an entry in softirq or hardirq context and a lock class of its own."""

    function: StrictStr
    context: Literal["softirq", "hardirq"] = "softirq"


@dataclass(slots=True, kw_only=True)
class EntryShape:
    """One way the world starts a function."""

    pos: Pos = 0
    context: Context = "task"
    irqs: OnOff = "on"
    bh: OnOff = "on"
    preempt: OnOff = "on"
    threaded: Annotated[StrictBool, Field(description="false: PREEMPT_RT does not thread this hardirq")] = True
    with_: Annotated[dict[str, Any], Field(alias="with", description="values of parameters")] = field(
        default_factory=dict
    )


@dataclass(slots=True, kw_only=True)
class HeldShape:
    """A lock that callers hold."""

    pos: Pos = 0
    lock: StrictStr
    mode: Literal["exclusive", "shared", "any"] = "any"


@dataclass(slots=True, kw_only=True)
class FunctionShape(Common):
    """A function: what one code path does, step by step."""

    steps: Annotated[Steps, Field(description="what it does, in order")] = field(default_factory=list)
    params: Annotated[Words, Field(description="names of parameters; $name refers to one")] = field(
        default_factory=list
    )
    entry: Annotated[list[Any], BeforeValidator(_one_or_more), Field(description="how the world starts it")] = field(
        default_factory=list
    )
    role: Annotated[Words, Field(description="dtor, ctor, shrinker ... or a word of your own")] = field(
        default_factory=list
    )
    thread: Annotated[StrictStr | None, Field(description="runs only in that one thread")] = None
    phase: Annotated[Literal["init", "run"], Field(description="init: only before all else")] = "run"
    not_beside: Annotated[Words, Field(description="functions never running at the same time")] = field(
        default_factory=list
    )
    held: Annotated[list[Any], BeforeValidator(_one_or_more), Field(description="locks that every caller holds")] = (
        field(default_factory=list)
    )
    must_not_hold: Annotated[Words, Field(description="locks that no caller may hold")] = field(default_factory=list)
    returns_holding: Annotated[Words, Field(description="locks an entry may leave held")] = field(default_factory=list)
    undoes: Annotated[Words, Field(description="functions whose objects it takes apart again")] = field(
        default_factory=list
    )


@dataclass(slots=True, kw_only=True)
class FunctionPatch(FunctionShape):
    """Changes to an included function: keys given replace keys; before and after wrap it."""

    before: Steps | None = None
    after: Steps | None = None


@dataclass(slots=True, kw_only=True)
class CallbacksPatch:
    """Changes to an included list of callbacks."""

    pos: Pos = 0
    add: Words = field(default_factory=list)
    remove: Words = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ConfigShape:
    """A kernel option the model depends on. `CONFIG_X: y` is short for `CONFIG_X: {default: y}`."""

    pos: Pos = 0
    default: Literal["y", "n"]
    note: StrictStr | None = None


@dataclass(slots=True, kw_only=True)
class ExpectShape:
    """A finding that this model must produce."""

    pos: Pos = 0
    finding: StrictStr
    locks: Words = field(default_factory=list)
    function: StrictStr | None = None
    note: StrictStr | None = None


@dataclass(slots=True, kw_only=True)
class WaiverShape:
    """A finding that is allowed, with a reason."""

    pos: Pos = 0
    rule: StrictStr | None = None
    locks: Words = field(default_factory=list)
    fingerprint: StrictStr | None = None
    reason: StrictStr
    expires: Annotated[StrictStr | None, Field(pattern=DATE)] = None
    config: Annotated[
        dict[str, Any] | None, Field(description="only with these kernel options: CONFIG_X: y or n")
    ] = None


@dataclass(slots=True, kw_only=True)
class StepShape:
    """What may stand beside the verb or control word of a step."""

    pos: Pos = 0
    at: Annotated[StrictStr | None, Field(description="kernel source it models: file:line")] = None
    c: Annotated[Words, Field(description=_IN_C)] = field(default_factory=list)
    note: StrictStr | None = None
    when: Words = field(default_factory=list)
    unless: Words = field(default_factory=list)
    do: Annotated[Steps | None, Field(description="the scope: the ending verb runs at its end")] = None
    then: Annotated[Steps | None, Field(description="got it, or the condition holds")] = None
    else_: Annotated[Steps | None, Field(alias="else", description="did not, or it does not hold")] = None
    nested: Annotated[StrictInt | None, Field(ge=0, le=7, description="subclass")] = None
    nest: Annotated[StrictStr | None, Field(description="nest lock that is held")] = None
    with_: Annotated[dict[str, Any] | None, Field(alias="with", description="values of the callee's parameters")] = None
    once: Annotated[StrictBool | None, Field(description="the loop runs at least once")] = None
    threaded: Annotated[StrictBool | None, Field(description="false: PREEMPT_RT does not thread it")] = None
    waive: Annotated[WaiverShape | None, Field(description="a finding through this step that is allowed")] = None


@dataclass(slots=True, kw_only=True)
class KindShape:
    """A lock kind of a dialect."""

    pos: Pos = 0
    note: StrictStr | None = None
    inner: Wait = "none"
    outer: Wait | None = None
    blocks_sleep: StrictBool = False
    sleeps: StrictBool = False
    checked: StrictBool = True
    per_cpu: StrictBool = False
    override: StrictBool = False
    recursive_readers: StrictBool = False
    category: Literal["lock", "reclaim", "wait", "work", "timer", "rcu"] = "lock"
    rt: Annotated[dict[str, Any], Field(description="keys that differ with CONFIG_PREEMPT_RT")] = field(
        default_factory=dict
    )


@dataclass(slots=True, kw_only=True)
class StartsShape:
    """What a verb lets the world start: the function that its operand names."""

    pos: Pos = 0
    context: Context = "task"
    role: StrictStr | None = None
    word: StrictStr = "callback"
    operand: StrictStr = "function"


@dataclass(slots=True, kw_only=True)
class EffectShape:
    """One effect of a verb; exactly one of the keys that say what it is."""

    pos: Pos = 0
    of: Annotated[StrictStr | None, Field(description="the operand it is about, or an implicit lock")] = None
    when: Words = field(default_factory=list)
    unless: Words = field(default_factory=list)
    only_unmodelled: StrictBool = False
    only_serial: Annotated[StrictBool, Field(description="only if the queue is ordered or has a rescuer")] = False
    acquire: Literal["exclusive", "shared", "recursive", "queued"] | None = None
    try_: Annotated[StrictBool, Field(alias="try")] = False
    sync: StrictBool = False
    subclass: Annotated[StrictStr | StrictInt | None, Field(description="$operand")] = None
    nest: Annotated[StrictStr | None, Field(description="$operand")] = None
    release: Literal[True] | None = None
    downgrade: Literal[True] | None = None
    reclass: Literal[True] | None = None
    like: Annotated[StrictStr | None, Field(description="$operand")] = None
    init: Literal[True] | None = None
    free: Literal[True] | None = None
    assert_: Annotated[Literal["held", "held_read", "held_write", "not_held"] | None, Field(alias="assert")] = None
    pin: OnOff | None = None
    irq: Literal["off", "on", "save", "restore"] | None = None
    softirq: OnOff | None = None
    preempt: OnOff | None = None
    scope: Literal["nofs", "noio", "memalloc"] | None = None
    ends: StrictBool = False
    allocate: Annotated[StrictStr | None, Field(description="gfp, or $operand")] = None
    frees: Annotated[Literal[True] | None, Field(description="memory is given back, to operand `cache` if any")] = None
    reclaim: Literal["begin", "end"] | None = None
    sleep: StrictStr | None = None
    wait: Literal[True] | None = None
    signal: Literal[True] | None = None
    enter: Literal["softirq", "hardirq", "nmi"] | None = None
    leave: Literal["softirq", "hardirq", "nmi"] | None = None
    return_to_user: Literal[True] | None = None
    resource: Literal["gain", "drop", "guard", "unguard"] | None = None


@dataclass(slots=True, kw_only=True)
class VerbShape:
    """A verb of a dialect: what a step of that name does."""

    pos: Pos = 0
    note: StrictStr | None = None
    operands: Annotated[
        list[Any], Field(description="names, in order; {name: type} when they differ; ? is optional")
    ] = field(default_factory=list)
    kinds: Annotated[list[StrictStr] | dict[str, Any], Field(description="lock kinds it fits")] = field(
        default_factory=list
    )
    effects: list[EffectShape] = field(default_factory=list)
    fails: Annotated[Literal["try", "interruptible", "killable"] | None, Field(description="may not get it")] = None
    ends: Annotated[StrictStr | None, Field(description="the verb that ends its scope")] = None
    calls: Annotated[Words, Field(description="the function it calls; the first that a model declares")] = field(
        default_factory=list
    )
    bind: Annotated[dict[str, Any], Field(description="values of the called function's parameters")] = field(
        default_factory=dict
    )
    c: Annotated[Words, Field(description="further words in C that stand for it")] = field(default_factory=list)
    starts: StartsShape | None = None
