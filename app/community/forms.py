"""Forms of groups, threads and meetings."""

from __future__ import annotations

from wtforms import FileField, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length

from app.community.models import ASKED_AS, GROUP_VISIBILITIES, PURPOSES
from app.core.web import House, ThaiDateField, needed, not_future, offered, text_field


class GroupForm(House):
    """Found a group."""

    name = text_field("ชื่อกลุ่ม", needed("โปรดตั้งชื่อกลุ่ม"), Length(max=200, message="ชื่อยาวเกิน 200 ตัวอักษร"))
    purpose = TextAreaField("หัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร", [needed("โปรดบอกหัวปลาของกลุ่ม")])
    visibility = SelectField("ใครเข้ากลุ่มได้", choices=offered(GROUP_VISIBILITIES.items()))
    second = SelectField("ผู้ดำเนินกลุ่มอีกคน (แนะนำให้มีสองคน)", coerce=int)


class GroupWordsForm(House):
    """Word a group anew."""

    name = text_field("ชื่อกลุ่ม", needed("โปรดตั้งชื่อกลุ่ม"), Length(max=200, message="ชื่อยาวเกิน 200 ตัวอักษร"))
    purpose = TextAreaField("หัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร", [needed("โปรดบอกหัวปลาของกลุ่ม")])
    glossary = TextAreaField("อภิธานของกลุ่ม")


class ThreadForm(House):
    """Open a thread."""

    title = text_field("หัวข้อ", needed("โปรดใส่หัวข้อ"))
    body = TextAreaField("เล่าเรื่องหรือคำถาม", [needed("โปรดเล่าเรื่องหรือคำถาม")])
    asked_as = RadioField("ถามในชื่อใคร", choices=offered(ASKED_AS.items()), default="self")


class EditForm(House):
    """Change one's own text in a thread."""

    body = TextAreaField("ข้อความ", [needed("ข้อความยังว่างอยู่")])


class ReplyForm(House):
    """Answer in a thread."""

    body = TextAreaField("ตอบกระทู้", [needed("ข้อความยังว่างอยู่")])


class SummaryForm(House):
    """A thread's summary as an article draft."""

    title = text_field("ชื่อบทความ", needed("โปรดใส่ชื่อบทความ"))
    body = TextAreaField("เนื้อหาสรุป", [needed("โปรดสรุปสั้น ๆ")])
    category = text_field("หมวดหมู่")
    visibility = HiddenField()


class MeetingForm(House):
    """A meeting that took place."""

    title = text_field("ชื่อการประชุม", needed("โปรดใส่ชื่อการประชุม"))
    purpose = SelectField("ประเภท", choices=offered(PURPOSES.items()))
    on = ThaiDateField("วันที่ประชุม", [needed("โปรดใส่วันที่"), not_future])
    group_id = SelectField("กลุ่ม", coerce=int)
    training_id = SelectField("นำเสนอความรู้จากหลักสูตร", coerce=int, default=0)
    minutes = TextAreaField("รายงานการประชุม")
    file = FileField("ใบลงชื่อหรือรูปถ่าย (PDF หรือรูปภาพ)")
