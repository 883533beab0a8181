"""The Excel add-in and the Calc extension: built, installed, examined."""
