"""What tells the optimiser tabs apart: a table of steps, memories, settings and texts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """A column pair (one per weight) that is carried from row to row.

    `rule` is the formula with {above}, {g} (this row's gradient) and settings by name. `target` and
    `last` are the names of its start and end, by which an epoch feeds the next.
    """

    title: str
    rule: str
    target: str
    last: str
    note: str


@dataclass(frozen=True, slots=True)
class Tab:
    """`step` is what is taken off a weight: {g}, {m}, {v}, {t}, {w} and settings by name."""

    name: str
    title: str
    intro: str
    settings: tuple[tuple[str, float, str], ...]
    step: str
    memories: tuple[Memory, ...] = ()
    counts: bool = False


_MEAN = "a running memory of gradients; an epoch begins where the last one ended"
_SQUARE = "a running memory of squared gradients: how large gradients are in this direction"
_SETTINGS = {
    "lr": "learning rate: how much of the step is taken",
    "momentum": "share of the last step that is kept",
    "rho": "share of the mean of squares that is kept",
    "beta1": "share of the mean of gradients that is kept",
    "beta2": "share of the mean of squares that is kept",
    "eps": "keeps the division finite",
    "decay": "weight decay: every step shrinks the weights by lr · decay",
    "fade": "factor on the learning rate per step",
}


def _settings(**values: float) -> tuple[tuple[str, float, str], ...]:
    return tuple((name, value, _SETTINGS[name]) for name, value in values.items())


_ADAM = (
    Memory("mean", "{beta1}*{above}+(1-{beta1})*{g}", "momtarget", "momlast", _MEAN),
    Memory("mean square", "{beta2}*{above}+(1-{beta2})*{g}^2", "gradtarget", "ms_last", _SQUARE),
)


_ADAM_STEP = "{lr}*{m}/(1-{beta1}^{t})/(SQRT({v}/(1-{beta2}^{t}))+{eps})"

TABS = (
    Tab(
        "sgd",
        "Stochastic gradient descent",
        "One data point, one gradient, one step against it: w ← w - lr · g. Each point pulls the "
        "line its own way, so the loss jitters downwards. Compare the gradient columns: the "
        "estimate nudges the weight by 0.01 and looks, the exact one comes from calculus. Try: a "
        "learning rate of 0.02.",
        _settings(lr=0.005),
        "{lr}*{g}",
    ),
    Tab(
        "momentum",
        "Momentum",
        "The heavy ball (Polyak 1964): a step is this gradient plus a share of the last step. In "
        "directions where gradients agree it gathers speed; where they contradict each other they "
        "cancel. Try: momentum 0.5 and 0.95 with the same learning rate, and watch the loss swing.",
        _settings(lr=0.001, momentum=0.9),
        "{lr}*{m}",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
    ),
    Tab(
        "nesterov",
        "Nesterov's momentum",
        "Momentum that looks ahead: the step uses the memory as it will be after this gradient. "
        "It brakes a little earlier than the heavy ball when the slope turns. Compare its loss "
        "with that on the sheet momentum at the same settings.",
        _settings(lr=0.001, momentum=0.9),
        "{lr}*({g}+{momentum}*{m})",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
    ),
    Tab(
        "adagrad",
        "Adagrad",
        "Each weight has its own rate: the learning rate over the root of all squared gradients "
        "so far (Duchi et al. 2011). Slope and intercept have gradients of very different size; "
        "here both move at their own pace. The sum only grows, so steps only shrink. Try: a "
        "tenfold learning rate.",
        _settings(lr=1.0, eps=1e-8),
        "{lr}*{g}/(SQRT({v})+{eps})",
        (Memory("sum of squares", "{above}+{g}^2", "gradtarget", "ms_last", _SQUARE),),
    ),
    Tab(
        "rmsprop",
        "RMSprop",
        "Adagrad with a fading memory (Hinton 2012): a running mean of squares in place of the "
        "sum, so that steps do not die out. Near the end they do not get smaller either: the "
        "weights dance around the best line. Try: rho 0.5, or the annealing of the last sheet.",
        _settings(lr=0.1, rho=0.9, eps=1e-8),
        "{lr}*{g}/(SQRT({v})+{eps})",
        (Memory("mean square", "{rho}*{above}+(1-{rho})*{g}^2", "gradtarget", "ms_last", _SQUARE),),
    ),
    Tab(
        "adam",
        "Adam",
        "Momentum and RMSprop at once (Kingma and Ba 2015). Both means start at zero and are too "
        "small at first, so each is divided by 1 - beta^t, where t counts the steps. Every weight "
        "moves by about the learning rate per step, whatever the size of its gradient. Try: clear "
        "the start of t after an epoch and see what the correction does.",
        _settings(lr=0.2, beta1=0.9, beta2=0.999, eps=1e-8),
        _ADAM_STEP,
        _ADAM,
        counts=True,
    ),
    Tab(
        "adamw",
        "AdamW",
        "Adam with weight decay kept out of the gradient (Loshchilov and Hutter 2019): the "
        "weights shrink by lr · decay of themselves, which Adam's division does not touch. As an "
        "L2 penalty in the gradient it would be divided away for weights with large gradients. "
        "Try: decay 0 and 0.1.",
        _settings(lr=0.2, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01),
        f"({{lr}}*{{decay}}*{{w}}+{_ADAM_STEP})",
        _ADAM,
        counts=True,
    ),
    Tab(
        "annealing",
        "Annealing",
        "Stochastic descent with momentum whose learning rate fades by a factor per step: large "
        "steps while far away, small ones to settle. The count t goes on over epochs. Compare the "
        "end of the loss curve with the sheet momentum. Try: fade 1 (no annealing) and fade 0.9 "
        "(too much).",
        _settings(lr=0.003, momentum=0.8, fade=0.998),
        "{lr}*{fade}^{t}*{m}",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
        counts=True,
    ),
)
