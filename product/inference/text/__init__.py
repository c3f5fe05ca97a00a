"""From a message to tokens: language, symbols, tokenising."""
