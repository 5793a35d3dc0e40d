"""Forms of the training register."""

from __future__ import annotations

from wtforms import BooleanField, FileField, FloatField, SelectField
from wtforms.validators import Optional

from app.core.web import House, ThaiDateField, needed, not_future, offered, text_field
from app.training.models import TRAINING_KINDS


class TrainingForm(House):
    """A course."""

    title = text_field("ชื่อหลักสูตร", needed("โปรดใส่ชื่อหลักสูตร"))
    kind = SelectField("ประเภท", choices=offered((kind, kind) for kind in TRAINING_KINDS))
    organizer = text_field("ผู้จัด")
    place = text_field("สถานที่")
    start_on = ThaiDateField("วันเริ่ม", [needed("โปรดใส่วันเริ่ม")])
    end_on = ThaiDateField("วันสิ้นสุด", [needed("โปรดใส่วันสิ้นสุด")])
    hours = FloatField("จำนวนชั่วโมง", [Optional()])
    inside = BooleanField("จัดภายในเทศบาล")
    order_no = text_field("เลขที่คำสั่ง")
    file = FileField("คำสั่งหรือหนังสือเชิญ (ภาพถ่ายหรือ PDF ไม่ใส่ก็ได้)")


class ReportForm(House):
    """A report after a course."""

    on = ThaiDateField("วันที่ส่งรายงาน", [needed("โปรดใส่วันที่"), not_future])
    file = FileField("ไฟล์รายงาน (PDF, DOCX หรือรูปภาพ)")
