"""Small pictures of one colour, as bytes of their files."""

from io import BytesIO

from PIL import Image


def picture(colour: str, width: int = 56, height: int = 56, form: str = "PNG") -> bytes:
    """An image's file."""
    stream = BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, format=form)
    return stream.getvalue()
