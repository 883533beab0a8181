"""Reading a tab of gradient descent: its data, model, rule and copies."""
