"""Models with constraints: brought to size one, solved by SQP, judged by Karush-Kuhn-Tucker."""
