"""Reference calculations: engines behind one contract, and the acceptance gate."""
