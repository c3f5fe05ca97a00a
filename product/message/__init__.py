"""What the customer wrote: markup, quoted threads, signatures and other wrapping removed from a message."""
