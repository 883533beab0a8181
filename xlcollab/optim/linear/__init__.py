"""Models of straight lines, and what can be written as such: recognised, solved by HiGHS."""
