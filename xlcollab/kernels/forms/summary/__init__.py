"""GROUPBY and PIVOTBY: values summed up by the keys that stand beside them."""
