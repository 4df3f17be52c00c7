"""A paper as a Word file. Loading the library alone takes half a second and the work holds the GIL:
only in a process of its own (`web.aside`).

Page, type and sizes are those of Decree 30/2020/NĐ-CP, Annex I: A4, margins 20, 20, 30 and 15 mm,
Times New Roman in black, 14 pt and 12 to 13 pt in the head; pages are numbered from the second on.
"""

import io

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from web.minutes_paper import Paper, PaperPart

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
FACE = "Times New Roman"
RULE = "____________"
"""Word has no line of a given length; officials type it so."""
CENTER, JUSTIFY = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY


def docx_of(paper: Paper) -> bytes:
    """The file."""
    document = Document()
    _set_up(document)
    _head(document, paper)
    if paper.secret:
        _centred(document.add_paragraph(), "BIÊN BẢN PHẦN HỌP KÍN", bold=True)
    else:
        _centred(document.add_paragraph(), "BIÊN BẢN", bold=True)
    _centred(document.add_paragraph(), paper.about, bold=True)
    _centred(document.add_paragraph(), RULE)
    for text in paper.opening:
        _body(document, text)
    for part in paper.parts:
        _part(document, part)
    _body(document, paper.ending).paragraph_format.keep_with_next = True
    _signatures(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _set_up(document: DocumentObject) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = FACE, Pt(14)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FACE)
    style.paragraph_format.space_after = Pt(6)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    number._p.append(field)
    document.core_properties.language = "vi-VN"


def _head(document: DocumentObject, paper: Paper) -> None:
    left, right = _two_cells(document, 67, 98)
    _lines(left, (paper.organ, 13, True), (RULE, 13, False), (paper.number, 13, False))
    _lines(right, (NATION, 12, True), (MOTTO, 13, True), ("______________________", 13, False))
    _centred(right.add_paragraph(), paper.place_and_date, points=13, italic=True)
    if paper.secret:
        _centred(left.add_paragraph(), "KHÔNG PHỔ BIẾN", points=13, bold=True)


def _part(document: DocumentObject, part: PaperPart) -> None:
    title = document.add_paragraph()
    title.add_run(part.title).bold = True
    title.paragraph_format.space_before = Pt(8)
    title.paragraph_format.keep_with_next = True
    for note in part.notes:
        document.add_paragraph().add_run(note).italic = True
    for line in part.lines:
        paragraph = _body(document, f"{line.time}: ")
        if line.strong:
            paragraph.add_run(f"{line.strong} ").bold = True
        paragraph.add_run(line.text)


def _signatures(document: DocumentObject) -> None:
    """On one page, and not alone on it."""
    left, right = _two_cells(document, 82, 83)
    _lines(left, ("THƯ KÝ", 14, True), ("(Chữ ký)", 13, False), *((("", 14, False),) * 3))
    _lines(right, ("CHỦ TỌA", 14, True), ("(Chữ ký, dấu)", 13, False), *((("", 14, False),) * 3))
    for cell in (left, right):
        _centred(cell.add_paragraph(), "…………………………", bold=True)
    where = document.add_paragraph()
    run = where.add_run("Nơi nhận:\n")
    run.bold = run.italic = True
    run.font.size = Pt(12)
    where.add_run("- ……………;\n- Lưu: VT, hồ sơ phiên họp.").font.size = Pt(11)


def _two_cells(document: DocumentObject, left_mm: int, right_mm: int) -> tuple[_Cell, _Cell]:
    table = document.add_table(rows=1, cols=2)
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    left, right = table.rows[0].cells
    left.width, right.width = Mm(left_mm), Mm(right_mm)
    for column, width_mm in zip(table.columns, (left_mm, right_mm), strict=True):
        column.width = Mm(width_mm)  # Word goes by the cells, LibreOffice by the grid
    return left, right


def _lines(cell: _Cell, *lines: tuple[str, int, bool]) -> None:
    """Each with its size in points, and whether it is bold."""
    for number, (text, points, bold) in enumerate(lines):
        paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
        _centred(paragraph, text, points=points, bold=bold)
        paragraph.paragraph_format.space_after = Pt(0)


def _centred(
    paragraph: Paragraph, text: str, *, points: int = 14, bold: bool = False, italic: bool = False
) -> None:
    paragraph.alignment = CENTER
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold, italic, Pt(points)


def _body(document: DocumentObject, text: str) -> Paragraph:
    paragraph = document.add_paragraph(text)
    paragraph.alignment = JUSTIFY
    paragraph.paragraph_format.first_line_indent = Mm(10)
    return paragraph
