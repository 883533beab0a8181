"""Invented films and viewers, and ratings drawn from a latent-factor model with a seed."""

from __future__ import annotations

import numpy as np

from xlcollab.lessons import Rating

FILMS = {
    "Copper Orbit": (1.6, -0.2),
    "Red Moon Convoy": (1.4, 0.5),
    "The Ninth Airlock": (1.2, -0.7),
    "Thunder Over Kestrel Bay": (1.3, 0.9),
    "Steel Pigeons": (0.9, 0.3),
    "Two Goats and a Wedding": (-0.4, 1.5),
    "Grandma Joins the Band": (-0.6, 1.3),
    "The Mayor of Plum Street": (-0.2, 1.1),
    "Pancakes at Midnight": (0.2, 1.4),
    "Letters from Saltmarsh": (-1.5, -0.1),
    "A Quiet Ledger": (-1.3, -0.6),
    "The Orchard in Winter": (-1.4, 0.4),
    "Eleven Silent Rooms": (-0.5, -1.5),
    "The Well Below": (0.5, -1.4),
    "Ash on the Piano": (-0.9, -1.0),
}
"""Film → what it truly is made of: (spectacle, cheer)."""

VIEWERS = (
    "Ada", "Bruno", "Chidi", "Dilan", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kofi",
    "Lena", "Mira", "Noor", "Otto",
)  # fmt: skip

_SEEN = 0.78
_NOISE = 0.35


def ratings(seed: int = 8) -> list[Rating]:
    """Half-star ratings from 0.5 to 5: mean + biases + taste · film + noise, with gaps."""
    rng = np.random.default_rng(seed)
    films = np.array(list(FILMS.values()))
    tastes = rng.normal(0.0, 0.65, (len(VIEWERS), 2))
    viewer_bias = rng.normal(0.0, 0.35, len(VIEWERS))
    film_bias = rng.normal(0.0, 0.3, len(FILMS))
    noise = rng.normal(0.0, _NOISE, (len(VIEWERS), len(FILMS)))
    liked = 3.4 + viewer_bias[:, None] + film_bias + tastes @ films.T + noise
    stars = np.clip(np.round(liked * 2) / 2, 0.5, 5.0)
    seen = rng.random(stars.shape) < _SEEN
    seen[0] = True  # one viewer who has seen everything
    draws = np.round(rng.random(stars.shape), 3)
    return [
        Rating(viewer, film, float(stars[u, i]), float(draws[u, i]))
        for u, viewer in enumerate(VIEWERS)
        for i, film in enumerate(FILMS)
        if seen[u, i]
    ]
