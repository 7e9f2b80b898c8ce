"""Charts say the same to eyes, to screen readers and to the content security policy."""

import re

from docvault.web.charts import STEPS, HeatMap

MAP = HeatMap("Entries", ("Mon", "Tue"), ("00", "01", "02", "03"), ((0, 1, 2, 1_000), (0, 0, 500, 0)))


def test_nothing_is_lightest_and_the_most_is_darkest():
    assert [MAP.shade(count) for count in (0, 1, 250, 251, 1_000)] == [0, 1, 1, 2, STEPS]


def test_every_cell_says_its_count():
    picture = MAP.svg()
    assert picture.count("<rect") == 8
    assert "<title>Mon 03: 1,000</title>" in picture
    assert "<title>Tue 01: 0</title>" in picture


def test_the_picture_is_named_and_carries_no_style():
    picture = HeatMap('<b>"loud"</b>', ("Mon",), ("00",), ((0,),)).svg()
    assert 'role="img" aria-label="&lt;b&gt;&#34;loud&#34;&lt;/b&gt;"' in picture
    assert not re.search(r"style=|<script|\son", picture)
