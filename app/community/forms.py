"""Forms of groups, threads and meetings."""

from __future__ import annotations

from wtforms import BooleanField, FileField, HiddenField, MultipleFileField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length, Regexp

from app.community.models import ASKED_AS, GROUP_VISIBILITIES, MEETING_KINDS, PURPOSES, THREAD_KINDS
from app.core.web import House, ThaiDateField, needed, not_future, offered, text_field


class GroupForm(House):
    """Found a group."""

    name = text_field("ชื่อกลุ่ม", needed("โปรดตั้งชื่อกลุ่ม"), Length(max=200, message="ชื่อยาวเกิน 200 ตัวอักษร"))
    purpose = TextAreaField("หัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร", [needed("โปรดบอกหัวปลาของกลุ่ม")])
    visibility = SelectField("ใครเข้ากลุ่มได้", choices=offered(GROUP_VISIBILITIES.items()))
    second = SelectField("ผู้ดำเนินกลุ่มอีกคน (แนะนำให้มีสองคน)", coerce=int)
    goal = SelectField("เป้าหมาย KM ที่กลุ่มนี้ช่วย (ไม่เลือกก็ได้)", default="")


class GroupWordsForm(House):
    """Word a group anew."""

    name = text_field("ชื่อกลุ่ม", needed("โปรดตั้งชื่อกลุ่ม"), Length(max=200, message="ชื่อยาวเกิน 200 ตัวอักษร"))
    purpose = TextAreaField("หัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร", [needed("โปรดบอกหัวปลาของกลุ่ม")])
    glossary = TextAreaField("อภิธานของกลุ่ม")
    goal = SelectField("เป้าหมาย KM ที่กลุ่มนี้ช่วย (ไม่เลือกก็ได้)", default="")


class GuestForm(House):
    """A person from outside for one group."""

    name = text_field("ชื่อและนามสกุล", needed("โปรดใส่ชื่อและนามสกุล"), Length(max=200, message="ชื่อยาวเกิน 200 ตัวอักษร"))
    organization = text_field("มาจากหน่วยงานใด", needed("โปรดบอกว่ามาจากหน่วยงานใด"))
    email = text_field("อีเมล (ไม่มีก็ได้)")
    until = ThaiDateField("เข้ากลุ่มได้ถึงวันที่", [needed("โปรดใส่วันสุดท้าย")])


class HandOverForm(House):
    """Before a facilitator leaves."""

    successor = SelectField("ผู้ดำเนินกลุ่มคนต่อไป", default="")
    note = TextAreaField("ฝากอะไรถึงคนต่อไป")


class ThreadForm(House):
    """Open a thread."""

    kind = RadioField("เรื่องนี้เป็น", choices=offered(THREAD_KINDS.items()), default="question")
    title = text_field("หัวข้อ", needed("โปรดใส่หัวข้อ"))
    body = TextAreaField("เล่าเรื่องหรือคำถาม", [needed("โปรดเล่าเรื่องหรือคำถาม")])
    because = TextAreaField("เพราะอะไร")
    files = MultipleFileField("แนบไฟล์")
    options = TextAreaField("ตัวเลือกให้ลงความเห็น")
    several = BooleanField("เลือกได้มากกว่าหนึ่งข้อ")
    closes_on = ThaiDateField("ลงความเห็นได้ถึงวันที่")
    asked_as = RadioField("ถามในชื่อใคร", choices=offered(ASKED_AS.items()), default="self")


class EditForm(House):
    """Change one's own text in a thread."""

    body = TextAreaField("ข้อความ", [needed("ข้อความยังว่างอยู่")])


class ReplyForm(House):
    """Answer in a thread."""

    body = TextAreaField("ตอบกระทู้", [needed("ข้อความยังว่างอยู่")])
    files = MultipleFileField("แนบไฟล์")


class SplitForm(House):
    """Some replies go on as a thread of their own."""

    title = text_field("หัวข้อของกระทู้ใหม่", needed("โปรดใส่หัวข้อของกระทู้ใหม่"))


class SummaryForm(House):
    """A thread's summary as an article draft."""

    title = text_field("ชื่อบทความ", needed("โปรดใส่ชื่อบทความ"))
    body = TextAreaField("เนื้อหาสรุป", [needed("โปรดสรุปสั้น ๆ")])
    category = text_field("หมวดหมู่")
    visibility = HiddenField()


class MeetingForm(House):
    """A meeting that took place."""

    title = text_field("ชื่อการประชุม", needed("โปรดใส่ชื่อการประชุม"))
    kind = SelectField("รูปแบบ", choices=offered(MEETING_KINDS.items()), default="exchange")
    purpose = SelectField("นับเป็น", choices=offered(PURPOSES.items()))
    on = ThaiDateField("วันที่ประชุม", [needed("โปรดใส่วันที่"), not_future])
    group_id = SelectField("กลุ่ม", coerce=int)
    training_id = SelectField("นำเสนอความรู้จากหลักสูตร", coerce=int, default=0)
    place = text_field("สถานที่")
    minutes = TextAreaField("รายงานการประชุม")
    file = FileField("ใบลงชื่อหรือรูปถ่าย (PDF หรือรูปภาพ)")


class PlanForm(House):
    """A meeting that is to come."""

    title = text_field("ชื่อการประชุม", needed("โปรดใส่ชื่อการประชุม"))
    kind = SelectField("รูปแบบ", choices=offered(MEETING_KINDS.items()), default="exchange")
    purpose = SelectField("นับเป็น", choices=offered(PURPOSES.items()))
    on = ThaiDateField("วันที่ประชุม", [needed("โปรดใส่วันที่")])
    at = text_field("เวลาเริ่ม", Regexp(r"^$|^([01]?\d|2[0-3])[:.][0-5]\d$", message="พิมพ์เวลาเช่น 09:30 หรือ 13.30"))
    group_id = SelectField("กลุ่ม", coerce=int)
    training_id = SelectField("นำเสนอความรู้จากหลักสูตร", coerce=int, default=0)
    place = text_field("สถานที่")
    agenda = TextAreaField("ระเบียบวาระ")


class MinutesForm(House):
    """Words for the minutes; `base` is the text they began with."""

    base = TextAreaField("")
    text = TextAreaField("รายงานการประชุม")
    shorter = BooleanField("ตั้งใจลบข้อความส่วนใหญ่ออก")


class ReviewForm(House):
    """ทบทวนหลังทำ (after-action review) of a meeting or activity."""

    title = text_field("ชื่อบทความ", needed("โปรดใส่ชื่อบทความ"))
    expected = TextAreaField("คาดไว้ว่าอย่างไร", [needed("โปรดบอกว่าคาดไว้อย่างไร")])
    happened = TextAreaField("เกิดอะไรขึ้นจริง", [needed("โปรดบอกว่าเกิดอะไรขึ้นจริง")])
    because = TextAreaField("เพราะอะไร", [needed("โปรดบอกว่าเพราะอะไรจึงต่างหรือเหมือนที่คาด")])
    next_time = TextAreaField("ครั้งหน้าจะทำอย่างไร", [needed("โปรดบอกว่าครั้งหน้าจะทำอย่างไร")])
    category = text_field("หมวดหมู่")
    visibility = HiddenField()


class AdviceForm(House):
    """ขอคำปรึกษา."""

    subject = text_field(
        "เรื่องที่อยากปรึกษา", needed("โปรดบอกเรื่องที่อยากปรึกษา"), Length(max=200, message="เรื่องยาวเกิน 200 ตัวอักษร")
    )
    text = TextAreaField("ติดตรงไหน", [needed("เล่าสั้น ๆ ว่าติดตรงไหน เพื่อนจะตอบได้ตรง")])


class PraiseForm(House):
    """Thanks, or a nomination."""

    kind = RadioField(
        "อยากทำอะไร",
        choices=offered([("thanks", "ขอบคุณ ขึ้นผนังทันที"), ("nomination", "เสนอชื่อรับรางวัล ให้ผู้บริหารพิจารณา")]),
        default="thanks",
    )
    to = SelectField("ถึงใคร")
    reason = TextAreaField("เขาทำอะไร และช่วยได้อย่างไร", [needed("โปรดบอกว่าเขาทำอะไรและช่วยได้อย่างไร")])
    article = text_field("บทความที่เป็นหลักฐาน (ไม่ใส่ก็ได้)")
