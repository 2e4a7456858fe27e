from safeneuron.data.spread import halves, spread


def test_halves_are_spread_over_all_and_share_none():
    estimate, choose = halves(range(1000), 10)
    assert (estimate, choose) == ([0, 222, 444, 666, 888], [111, 333, 555, 777, 999])
    assert halves("abcde", 100) == (["a", "c", "e"], ["b", "d"])


def test_all_are_taken_where_there_are_no_more():
    assert spread("abcde", 5) == [*"abcde"]
    assert spread(range(7), 3) == [0, 3, 6]
