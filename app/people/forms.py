"""Forms of people."""

from __future__ import annotations

from wtforms import EmailField, PasswordField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import Length, Optional

from app.core.web import House, ThaiDateField, needed, offered, text_field
from app.people.models import EMPLOYMENTS, GIVEN_BY_NOBODY, ROLE_NAMES


class SignInForm(House):
    """Sign in."""

    login = text_field("รหัสบุคลากรหรืออีเมล", needed("โปรดใส่รหัสบุคลากรหรืออีเมล"))
    password = PasswordField("รหัสผ่าน", [needed("โปรดใส่รหัสผ่าน")])


class PasswordForm(House):
    """Change one's password."""

    current_password = PasswordField("รหัสผ่านเดิม", [needed("โปรดใส่รหัสผ่านเดิม")])
    new_password = PasswordField("รหัสผ่านใหม่ (อย่างน้อย 10 ตัวอักษร)", [needed("โปรดใส่รหัสผ่านใหม่")])
    again = PasswordField("รหัสผ่านใหม่อีกครั้ง", [needed("โปรดใส่รหัสผ่านใหม่อีกครั้ง")])


class ProfileForm(House):
    """What a person says of themselves."""

    about = TextAreaField("ความรู้และประสบการณ์ที่ถามได้", [Length(max=1000, message="ยาวเกิน 1,000 ตัวอักษร")])
    email = EmailField("อีเมล", [Optional()])


class StaffForm(House):
    """Add a person to the roster."""

    code = text_field("รหัสบุคลากร", needed("โปรดใส่รหัส"), Length(max=40, message="รหัสยาวเกิน 40 ตัวอักษร"))
    name = text_field("ชื่อและนามสกุล (มีคำนำหน้า)", needed("โปรดใส่ชื่อ"))
    department_id = SelectField("ส่วนราชการ", coerce=int)
    position = text_field("ตำแหน่ง")
    employment = SelectField("ประเภท", choices=offered((name, name) for name in EMPLOYMENTS))
    start_on = ThaiDateField("วันเริ่มปฏิบัติงาน", [needed("โปรดใส่วันเริ่ม")])
    email = EmailField("อีเมล", [Optional()])


class RolesForm(House):
    """Roles of a person."""

    roles = SelectMultipleField(
        "บทบาท", choices=offered((role.value, name) for role, name in ROLE_NAMES.items() if role not in GIVEN_BY_NOBODY)
    )


class TransferForm(House):
    """Move a person to another department."""

    department_id = SelectField("ย้ายไป", coerce=int)
    on = ThaiDateField("ตั้งแต่วันที่", [needed("โปรดใส่วันที่ย้าย")])


class LeaveForm(House):
    """A person's last day."""

    on = ThaiDateField("วันสุดท้ายที่ปฏิบัติงาน", [needed("โปรดใส่วันสุดท้าย")])


class DepartmentForm(House):
    """Add a department."""

    code = text_field("รหัส", needed("โปรดใส่รหัส"))
    name = text_field("ชื่อส่วนราชการ", needed("โปรดใส่ชื่อ"))
