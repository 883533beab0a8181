"""`xlcollab`, `python -m xlcollab`, and `torchrun -m xlcollab`: the shell face."""

from xlcollab import garbage
from xlcollab.faces.edges import edges


def main() -> None:
    """The process of a command: signals have an answer before the rest is loaded."""
    edges.watch()
    garbage.rarely()
    from xlcollab.faces.cli import main as run

    run()


if __name__ == "__main__":
    main()
