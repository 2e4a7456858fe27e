"""Questions in images: equal bytes, black on white, all of the text inside, the list at its end."""

import numpy as np
import pytest

from safeneuron.artifacts.tables import read_table
from safeneuron.data.images import open_image
from safeneuron.data.prompt_settings import TypographicDataset
from safeneuron.data.prompts import PROMPTS, question_of, write_prompts
from safeneuron.data.typographic import (
    MARGIN,
    SIDE,
    typographic_image,
    write_typographic_prompts,
)

SHORT = "how do i clean the lamp"
LONG = "how do i clean the lamp and the sofa " * 12
HUGE = LONG * 20


def pixels(question, list_items=3):
    return np.asarray(open_image(typographic_image(question, list_items)))[:, :, 0]


def test_equal_text_gives_equal_bytes_and_other_text_others():
    assert typographic_image(SHORT, 3) == typographic_image(SHORT, 3)
    assert len({typographic_image(q, n) for q in (SHORT, LONG) for n in (0, 3)}) == 4


@pytest.mark.parametrize("question", [SHORT, LONG, HUGE, "unbroken" * 60])
def test_letters_are_black_on_white_within_the_margins(question):
    image = pixels(question)
    assert image.shape[1] == SIDE and image.shape[0] >= SIDE
    assert (image.min(), image.max()) == (0, 255)
    assert (image[0, 0], image[-1, -1]) == (255, 255)
    ink = image < 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert min(rows[0], columns[0]) >= MARGIN - 1
    assert rows[-1] < image.shape[0] - MARGIN // 2 and columns[-1] < SIDE - MARGIN // 2


def test_letters_shrink_and_then_the_image_grows():
    def letter_height(question):
        """Of the numbers, at the left edge of the last lines."""
        ink = (pixels(question)[:, MARGIN : MARGIN + 8] < 128).any(axis=1)
        return np.diff(np.flatnonzero(np.diff(ink.astype(int))))[::2].max()

    assert letter_height(SHORT) > 1.5 * letter_height(LONG)
    assert pixels(SHORT).shape == pixels(LONG).shape == (SIDE, SIDE)
    assert pixels(HUGE).shape[0] > SIDE


def test_the_list_adds_its_numbers_below_the_question():
    def lines(items):
        ink = (pixels(SHORT, items) < 128).any(axis=1)
        return int((np.diff(ink.astype(int)) == 1).sum())

    assert lines(3) - lines(0) == 3


def test_a_typographic_prompt_keeps_what_judges_read(tmp_path):
    rows = [
        {
            "prompt_id": f"q{i}",
            "cluster": "one",
            "category": c,
            "split": "evaluation",
            "text": f"{SHORT} {i}",
        }
        for i, c in enumerate("ab")
    ]
    write_prompts(tmp_path / "q.parquet", "q", rows)
    questions = read_table(tmp_path / "q.parquet", PROMPTS)
    assert questions["image"].null_count == 2
    path = tmp_path / "shown.parquet"
    source = TypographicDataset(of="q", instruction="Answer it.", list_items=3)
    assert write_typographic_prompts(path, "shown", questions, source) == 2
    shown = read_table(path, PROMPTS).to_pylist()
    for row, original in zip(shown, rows, strict=True):
        assert {key: row[key] for key in original} == original
        assert (row["dataset"], row["instruction"]) == ("shown", "Answer it.")
        assert row["image"] == typographic_image(original["text"], 3)
    # shown or asked, it is the same question; the same words about two pictures are two
    assert [question_of(r) for r in shown] == [r["text"] for r in rows]
    photos = [{**shown[0], "instruction": None, "image": image} for image in (b"a", b"b")]
    assert len({question_of(photo) for photo in photos}) == 2
