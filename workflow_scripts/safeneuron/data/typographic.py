"""Questions as typographic images, in the style of FigStep (Gong et al., 2023, arXiv 2311.05608).

Black monospaced letters on a white square: the question, wrapped, and under it the numbers of an
empty list that the model is to fill. The paper's VL-Question (§4.4) shows StrongREJECT that way.
FigStep's own questions are short, at a fixed size of 80; here letters shrink until the text fits.
The font is matplotlib's and the layout Pillow's own, so that equal text gives equal bytes.
"""

import textwrap
from io import BytesIO
from pathlib import Path

import matplotlib
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from safeneuron.data.prompt_settings import TypographicDataset
from safeneuron.data.prompts import write_prompts

SIDE = 760
"""Pixels of the square, as in FigStep."""
MARGIN = 20
FONT_SIZES = range(80, 19, -4)
_LINE_HEIGHT = 1.25
_FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono-Bold.ttf"


def typographic_image(question: str, list_items: int) -> bytes:
    """The PNG of a question: 760 pixels wide and high, higher if it fits at no size.

    Args:
        list_items: numbers of the empty list below the question; 0 for none.
    """
    numbers = [f"{number}. " for number in range(1, list_items + 1)]
    for size in FONT_SIZES:
        font = ImageFont.truetype(_FONT, size, layout_engine=ImageFont.Layout.BASIC)
        columns = int((SIDE - 2 * MARGIN) / font.getlength("m"))
        lines = [*textwrap.wrap(question, columns), *numbers]
        step = round(size * _LINE_HEIGHT)
        height = 2 * MARGIN + step * len(lines)
        if height <= SIDE:
            break
    image = Image.new("L", (SIDE, max(SIDE, height)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * step), line, fill="black", font=font)
    stream = BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()


def write_typographic_prompts(
    path: Path, dataset: str, questions: pa.Table, source: TypographicDataset
) -> int:
    """Write prompts whose questions are shown in images; returns their number.

    Ids, categories, splits and texts are those of the questions.
    """
    rows = [
        {
            **row,
            "image": typographic_image(row["text"], source.list_items),
            "instruction": source.instruction,
        }
        for row in questions.drop_columns(["dataset"]).to_pylist()
    ]
    return write_prompts(path, dataset, rows)
