"""Payments, rates, depreciation and securities."""
