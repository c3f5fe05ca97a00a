"""Numbers as people read them."""


def percent(share: float) -> str:
    """A share of 1 in whole per cent. Only exactly 0 and 1 are shown as 0 and 100."""
    if 0 < share < 0.005:
        return "<1"
    if 0.995 <= share < 1:
        return ">99"
    return str(round(share * 100))
