"""The table of measures: what each row of a plan may name, in one explicit place. Pure, but for the selects it points to.

`Unit` and `Source` of each measure stand in its entry; a test proves that every entry has both.
"""

from __future__ import annotations

from app.indicators import evidence
from app.indicators.models import Measure

_PROCESS_A = "แผน KM ปี 2558 กระบวนการจัดการความรู้ เป้าหมาย A ขั้นที่ "
_PROCESS_B = "แผน KM ปี 2558 กระบวนการจัดการความรู้ เป้าหมาย B ขั้นที่ "
_CHANGE = "แผน KM ปี 2558 การบริหารการเปลี่ยนแปลง ขั้นที่ "

MEASURES: dict[str, Measure] = {
    "staff_trained": Measure(
        unit="percent",
        source=_PROCESS_A + "1",
        rule="บุคลากรในฐานที่อบรมครบหลักสูตรอย่างน้อย 1 หลักสูตร (วันสิ้นสุดอยู่ในปีงบประมาณ ตรวจแล้ว) หารด้วยบุคลากรในฐาน",
        lines=evidence.trained,
        of_roster=True,
    ),
    "staff_attended": Measure(
        unit="persons",
        source=_PROCESS_A + "2",
        rule="บุคลากรในฐานที่ผ่านการอบรม สัมมนา ศึกษาดูงาน หรือศึกษาต่อ นับคนละ 1 ไม่นับ e-learning",
        lines=evidence.attended,
        of_roster=True,
        parts=(("คน-ครั้ง ภายใน", "inside"), ("คน-ครั้ง ภายนอก", "outside")),
    ),
    "articles_usable": Measure(
        unit="items",
        source=_PROCESS_A + "3",
        rule="บทความที่เผยแพร่ มีหมวดหมู่ ไม่เลยกำหนดทบทวน และได้รับการตรวจรับรองหรือมีผู้อื่นนำไปใช้ในปีงบประมาณ",
        lines=evidence.usable,
    ),
    "articles_improved": Measure(
        unit="items",
        source=_PROCESS_A + "4",
        rule="บทความที่มีการปรับปรุงซึ่งอนุมัติแล้ว ไม่ใช่แก้เล็กน้อย ในวันหลังวันเผยแพร่ หรือโดยผู้อื่นที่ไม่ใช่ผู้เขียน นับบทความละ 1",
        lines=evidence.improved,
    ),
    "accesses": Measure(
        unit="times",
        source=_PROCESS_A + "5",
        rule="หนึ่งคน เปิดอ่านหนึ่งเรื่อง ในหนึ่งวัน นับ 1 ครั้ง รวมผู้มาใช้บริการที่ศูนย์ข้อมูลและบอร์ดที่ตรวจแล้ว",
        lines=evidence.accesses,
        parts=(("เปิดอ่านในระบบ", "opened"), ("ศูนย์ข้อมูลและบอร์ด", "visit")),
    ),
    "exchanges": Measure(
        unit="activities",
        source=_PROCESS_A + "6",
        rule="ประชุมแลกเปลี่ยน (มีรายงานและลงชื่อ {exchange_people} คนขึ้นไป) รายงานหลังอบรม บทความจากการอบรม และการแชร์ภายในที่มีผู้อื่นเปิดอ่าน",
        lines=evidence.exchanged,
        parameters=("exchange_people", "external_shares"),
        parts=(("ประชุม", "meeting"), ("รายงาน", "report"), ("บทความจากการอบรม", "article"), ("แชร์ภายใน", "share")),
    ),
    "learning": Measure(
        unit="items",
        source=_PROCESS_A + "7",
        rule="บทความที่เผยแพร่ครั้งแรกซึ่งไม่ได้เกิดจากกระทู้หรือการประชุม และการนำไปใช้ที่ตรวจแล้ว",
        lines=evidence.learned,
        parts=(("เผยแพร่ครั้งแรก", "article"), ("นำไปใช้", "application")),
    ),
    "climate_activities": Measure(
        unit="items", source=_PROCESS_B + "1", rule="กิจกรรมเสริมสร้างบรรยากาศที่ตรวจแล้ว", lines=evidence.climate
    ),
    "climate_meetings": Measure(
        unit="times",
        source=_PROCESS_B + "2",
        rule="ประชุมเสริมสร้างบรรยากาศที่มีรายงานและลงชื่อ {climate_people} คนขึ้นไป",
        lines=evidence.climate_meetings,
        parameters=("climate_people",),
    ),
    "check_rounds": Measure(
        unit="times",
        source=_PROCESS_B + "3",
        rule="รอบตรวจสอบข้อมูลที่มีผล โดยทีมที่ได้รับแต่งตั้งในวันนั้น ทีมละวันนับ 1",
        lines=evidence.check_rounds,
    ),
    "articles_curated": Measure(
        unit="items",
        source=_PROCESS_B + "4",
        rule="บทความที่ทีมกลั่นกรองซึ่งได้รับแต่งตั้งในวันนั้นปรับปรุง (อนุมัติแล้ว ไม่ใช่แก้เล็กน้อย) นับบทความละ 1",
        lines=evidence.curated,
    ),
    "channel_care": Measure(
        unit="times",
        source=_PROCESS_B + "5",
        rule="บันทึกการดูแลช่องทาง โดยทีมที่ได้รับแต่งตั้งในวันนั้น วันและช่องทางละ 1",
        lines=evidence.care,
    ),
    "compilations": Measure(
        unit="items",
        source=_PROCESS_B + "6",
        rule="รูปเล่มหรือฉบับรวบรวมที่ทีมซึ่งได้รับแต่งตั้งในวันนั้นจัดทำ ฉบับละ 1",
        lines=evidence.compiled,
    ),
    "lessons": Measure(
        unit="items",
        source=_PROCESS_B + "7",
        rule="บทเรียนจากกระทู้หรือการประชุมที่ตรวจแล้ว บทความละ 1 ถ้าไม่มีบทความ กระทู้หรือการประชุมละ 1",
        lines=evidence.lessons,
    ),
    "goals_acknowledged": Measure(
        unit="percent",
        source=_CHANGE + "1",
        rule="บุคลากรในฐานที่รับทราบเป้าหมาย KM ของปี หารด้วยบุคลากรในฐาน",
        lines=evidence.acknowledged,
        of_roster=True,
    ),
    "km_understood": Measure(
        unit="percent",
        source=_CHANGE + "2 และ 6",
        rule="บุคลากรในฐานที่ผ่านแบบทดสอบเข้าใจการจัดการความรู้ (เกณฑ์ร้อยละ {pass_percent}) หารด้วยบุคลากรในฐาน",
        lines=evidence.understood,
        of_roster=True,
        parameters=("pass_percent",),
    ),
    "channel_improvements": Measure(
        unit="times",
        source=_CHANGE + "3",
        rule="บันทึกการปรับปรุงช่องทาง (ก่อน หลัง เหตุผล) ที่ตรวจแล้ว วันและช่องทางละ 1",
        lines=evidence.improvements,
    ),
    "principles_known": Measure(
        unit="persons",
        source=_CHANGE + "4",
        rule="บุคลากรในฐานที่ผ่านแบบทดสอบหลักการและความสำคัญของการจัดการความรู้ (เกณฑ์ร้อยละ {pass_percent})",
        lines=evidence.knows_principles,
        of_roster=True,
        parameters=("pass_percent",),
    ),
    "evaluations": Measure(
        unit="reports",
        source=_CHANGE + "5",
        rule="รอบประเมินผลของปีที่เสนอนายกเทศมนตรี ตั้งแต่ 1 ต.ค. ถึง {report_days} วันหลัง 30 ก.ย.",
        lines=evidence.evaluations,
        parameters=("report_days",),
    ),
    "by_hand": Measure(
        unit="",
        source="กติกาการนับ ข้อ 2: รายการที่คนบันทึกและผู้อื่นตรวจแล้ว",
        rule="นับด้วยมือจากรายการที่บันทึกพร้อมหลักฐาน และผู้อื่นตรวจแล้ว",
        lines=evidence.by_hand,
    ),
}
