"""`python -m xlcollab`, and `torchrun -m xlcollab`: the shell face."""

from xlcollab.faces.cli import main

if __name__ == "__main__":
    main()
