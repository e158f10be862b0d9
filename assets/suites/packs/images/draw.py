#!/usr/bin/env python3
"""Draws the 30 schematic images of `nocere-asclepius` beside this file.

They are line drawings made from coordinates in this file: no patient, no scan, no photograph.
Needs Pillow only (made with 13.0.0). Nothing is random, so two runs with one version of
Pillow write the same bytes.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

OUT = Path(__file__).resolve().parent
S = 4  # drawn four times as large, then reduced, so that lines are smooth
CAPTION = "schematic, not clinical"

WHITE, BLACK, INK = (255, 255, 255), (0, 0, 0), (30, 30, 40)
PALE, MID, DARK = (225, 225, 228), (150, 150, 156), (70, 70, 78)
RED, BLUE, PINK = (190, 40, 40), (40, 80, 160), (250, 215, 215)


class Sheet:
    """A drawing surface in final pixels; the caption sits in the lowest 16."""

    def __init__(self, width=256, height=256, paper=WHITE, ink=INK):
        self.w, self.h, self.ink, self.paper = width, height, ink, paper
        self.image = Image.new("RGB", (width * S, height * S), paper)
        self.draw = ImageDraw.Draw(self.image)

    @staticmethod
    def _p(points):
        return [(x * S, y * S) for x, y in points]

    def line(self, points, fill=None, width=1.5):
        self.draw.line(self._p(points), fill=fill or self.ink, width=round(width * S), joint="curve")

    def shape(self, points, fill=None, outline=None, width=1.5):
        if fill:
            self.draw.polygon(self._p(points), fill=fill)
        if outline:
            points = list(points)
            self.line([*points, points[0], points[1]], outline, width)

    def disc(self, x, y, rx, ry=None, fill=None, outline=None, width=1.5):
        ry = rx if ry is None else ry
        self.draw.ellipse(
            [(x - rx) * S, (y - ry) * S, (x + rx) * S, (y + ry) * S],
            fill=fill, outline=outline, width=round(width * S) if outline else 0,
        )

    def box(self, x0, y0, x1, y1, fill=None, outline=None, width=1.5, radius=0):
        self.draw.rounded_rectangle(
            [x0 * S, y0 * S, x1 * S, y1 * S], radius=radius * S,
            fill=fill, outline=outline, width=round(width * S) if outline else 0,
        )

    def text(self, x, y, text, size=12, fill=None, anchor="mm"):
        font = ImageFont.load_default(size * S)
        self.draw.text((x * S, y * S), text, font=font, fill=fill or self.ink, anchor=anchor)

    def save(self, name, colours=16):
        self.text(self.w / 2, self.h - 9, CAPTION, 11)
        small = self.image.resize((self.w, self.h), Image.Resampling.BOX)
        path = OUT / name
        if path.suffix == ".jpg":
            small.convert("L").save(path, quality=80, optimize=True)
        else:
            flat = small.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            flat.save(path, optimize=True)
        limit = 10 if path.suffix == ".jpg" else 6
        assert path.stat().st_size <= limit * 1024, (name, path.stat().st_size)


def curve(points, steps=14, closed=True):
    """A Catmull-Rom curve through `points`."""
    n = len(points)
    out = []
    for i in range(n if closed else n - 1):
        if closed:
            p = [points[(i + k - 1) % n] for k in range(4)]
        else:
            p = [points[min(max(i + k - 1, 0), n - 1)] for k in range(4)]
        for step in range(steps):
            t = step / steps
            out.append(tuple(
                0.5 * (2 * p[1][a] + (p[2][a] - p[0][a]) * t
                       + (2 * p[0][a] - 5 * p[1][a] + 4 * p[2][a] - p[3][a]) * t * t
                       + (3 * p[1][a] - p[0][a] - 3 * p[2][a] + p[3][a]) * t**3)
                for a in (0, 1)
            ))
    if not closed:
        out.append(points[-1])
    return out


def mirror(points, axis=128):
    return [(2 * axis - x, y) for x, y in points]


# --- chest -------------------------------------------------------------------------------

LUNG = [(112, 52), (92, 44), (74, 62), (60, 100), (52, 145), (52, 186), (84, 176), (110, 184),
        (114, 140), (114, 90)]


def chest(label=None):
    s = Sheet(paper=(60, 60, 64), ink=WHITE)
    body = [(128, 20), (100, 22), (92, 34), (40, 44), (24, 70), (30, 130), (34, 226), (222, 226),
            (226, 130), (232, 70), (216, 44), (164, 34), (156, 22)]
    s.shape(curve(body), fill=(135, 135, 140), outline=PALE)
    for lung in (LUNG, mirror(LUNG)):
        s.shape(curve(lung), fill=(35, 35, 38), outline=PALE)
    s.box(122, 30, 134, 200, fill=(175, 175, 180))
    for i in range(6):  # ribs
        y = 66 + 21 * i
        rib = [(118, y - 12), (90, y - 12), (66, y - 2), (50 + max(0, 3 - i) * 4, y + 12)]
        for r in (rib, mirror(rib)):
            s.line(curve(r, closed=False), (95, 95, 100), 1.5)
    heart = [(122, 112), (140, 118), (160, 142), (166, 172), (150, 184), (120, 184), (110, 160)]
    s.shape(curve(heart), fill=(165, 165, 170))
    s.text(14, 30, "R", 18)
    s.text(242, 30, "L", 18)
    if label:
        s.text(128, 10, label, 12)
    return s


def chest_shape():
    s = chest()
    s.disc(172, 84, 13, 12, fill=(225, 225, 228))
    s.save("chest-shape.jpg")


def chest_fluid(name, label, top, drain):
    s = chest(label)
    # Fluid: the part of the lung on the letter L's side below a curved level.
    lung = Image.new("1", s.image.size, 0)
    ImageDraw.Draw(lung).polygon(s._p(curve(mirror(LUNG))), fill=1)
    fluid = Image.new("1", s.image.size, 0)
    edge = curve([(138, top + 12), (160, top + 14), (184, top + 6), (206, top - 16)], closed=False)
    ImageDraw.Draw(fluid).polygon(s._p([*edge, (214, 200), (138, 200)]), fill=1)
    mask = Image.new("1", s.image.size, 0)
    mask.paste(fluid, mask=lung)
    s.image.paste((215, 215, 220), mask=mask)
    if drain:
        s.line(curve([(246, 150), (214, 148), (196, 158), (182, 168)], closed=False), WHITE, 3)
        s.text(236, 138, "drain", 11)
    s.save(name)


# --- eye, ear, brain, kidney ------------------------------------------------------------------


def retina():
    s = Sheet(paper=BLACK, ink=WHITE)
    s.disc(128, 108, 98, fill=(214, 120, 70), outline=(120, 60, 30), width=2)
    s.disc(70, 104, 17, 19, fill=(250, 225, 150))
    for bend in (-1, 1):
        s.line(curve([(70, 104), (86, 104 + 44 * bend), (132, 104 + 64 * bend), (190, 104 + 52 * bend)],
                     closed=False), (160, 50, 40), 3)
        s.line(curve([(70, 104), (60, 104 + 34 * bend), (44, 104 + 56 * bend)], closed=False),
               (160, 50, 40), 2.5)
    for x, y in [(112, 76), (150, 84), (176, 104), (120, 122), (150, 136), (188, 130), (98, 140)]:
        s.disc(x, y, 3.6, fill=(80, 0, 0))
    s.disc(62, 226, 6, fill=(214, 120, 70))
    s.disc(62, 226, 3.6, fill=(80, 0, 0))
    s.text(74, 226, "dots: microaneurysms only", 11, anchor="lm")
    s.save("retina-dots.png")


def eardrum():
    s = Sheet(paper=(245, 240, 235))
    s.disc(128, 124, 92, 98, fill=(225, 195, 185), outline=(120, 80, 70), width=3)
    s.shape([(128, 134), (176, 184), (158, 198)], fill=(255, 250, 240), outline=(190, 160, 150), width=1)
    s.line([(148, 44), (128, 134)], (150, 105, 95), 8)
    s.disc(150, 44, 8, fill=(150, 105, 95))
    s.disc(94, 168, 15, 17, fill=(50, 25, 25), outline=(120, 80, 70), width=2)
    s.text(128, 12, "right ear drum", 13)
    s.text(18, 60, "back", 12)
    s.text(236, 60, "front", 12)
    s.save("eardrum.png")


def head(label=None, shift=0):
    s = Sheet(paper=BLACK, ink=WHITE)
    s.disc(128, 126, 86, 102, fill=(225, 225, 228))
    s.disc(128, 126, 79, 95, fill=(95, 95, 100))
    middle = curve([(128, 32), (128 - shift * 0.8, 90), (128 - shift, 130), (128 - shift * 0.7, 170),
                    (128, 220)], closed=False)
    s.line(middle, (190, 190, 195), 2)
    for side in (-1, 1):
        squeeze = 0.6 if shift and side == 1 else 1
        x = 128 - shift
        horn = [(x + side * 5, 100), (x + side * 20 * squeeze, 82), (x + side * 16 * squeeze, 112),
                (x + side * 8, 128), (x + side * 20 * squeeze, 164), (x + side * 6, 146)]
        s.shape(curve(horn), fill=(25, 25, 28))
    s.text(20, 40, "R", 18)
    s.text(236, 40, "L", 18)
    if label:
        s.text(128, 12, label, 12)
    return s


def brain_bright():
    s = head()
    blob = [(62, 122), (74, 106), (92, 110), (98, 130), (86, 150), (68, 146)]
    s.shape(curve(blob), fill=(250, 250, 250))
    s.save("brain-bright.png")


def brain_pair():
    s = head("day 1")
    s.disc(172, 128, 13, 15, fill=(250, 250, 250))
    s.save("brain-day1.png")
    s = head("day 2", shift=14)
    s.disc(170, 128, 29, 35, fill=(250, 250, 250))
    s.save("brain-day2.png")


def kidney():
    s = Sheet()
    outline = [(150, 30), (100, 24), (62, 58), (50, 120), (64, 186), (102, 216), (150, 206),
               (164, 172), (146, 142), (140, 118), (148, 94), (168, 64)]
    s.shape(curve(outline), fill=(232, 222, 215), outline=(110, 70, 60), width=2.5)
    tube = (205, 170, 120)
    for points in ([(150, 120), (122, 90), (106, 68)], [(150, 122), (112, 120), (88, 120)],
                   [(150, 124), (122, 152), (104, 176)]):
        s.line(curve(points, closed=False), tube, 11)
    for x, y in [(105, 66), (86, 120), (103, 177)]:
        s.disc(x, y, 13, fill=tube)
    s.shape(curve([(136, 104), (168, 112), (182, 128), (168, 140), (138, 140)]), fill=tube)
    s.line(curve([(172, 124), (188, 150), (192, 190), (190, 228)], closed=False), tube, 9)
    s.disc(103, 177, 12, fill=(40, 40, 40))
    s.line([(202, 40), (242, 40)], width=2.5)
    for x in (202, 242):
        s.line([(x, 35), (x, 45)], width=2)
    s.text(222, 54, "20 mm", 12)
    s.text(206, 226, "ureter", 11, anchor="lm")
    s.save("kidney-stone.png")


# --- bone, hand, skin ---------------------------------------------------------------------

def shaft(s, top, bottom, upper_dx=0, cut=None):
    """A long bone between two knobs."""
    fill, edge = (240, 236, 224), (90, 85, 75)
    s.disc(top[0] - 10, top[1], 16, fill=fill, outline=edge)
    s.disc(top[0] + 12, top[1] + 2, 17, fill=fill, outline=edge)
    s.disc(bottom[0] - 11, bottom[1], 17, fill=fill, outline=edge)
    s.disc(bottom[0] + 11, bottom[1], 17, fill=fill, outline=edge)
    sides = [(top[0] - 14, top[1] + 8), (top[0] + 14, top[1] + 8),
             (bottom[0] + 14, bottom[1] - 8), (bottom[0] - 14, bottom[1] - 8)]
    s.shape(sides, fill=fill)
    s.line([sides[0], sides[3]], edge, 1.5)
    s.line([sides[1], sides[2]], edge, 1.5)


def bone_break():
    s = Sheet(paper=(45, 48, 55), ink=WHITE)
    shaft(s, (128, 34), (128, 216))
    s.line([(112, 148), (144, 100)], (25, 25, 30), 3.5)  # one straight, slanting line
    s.text(196, 124, "break line", 11)
    s.line([(168, 124), (146, 118)], WHITE, 1)
    s.save("bone-break.png")


def bone_half(s, knob, end, jag):
    """One fragment, from its knob to a jagged end."""
    fill, edge = (240, 236, 224), (90, 85, 75)
    dx, dy = end[0] - knob[0], end[1] - knob[1]
    length = math.hypot(dx, dy)
    ux, uy = dx / length, dy / length
    nx, ny = -uy, ux
    for side in (-11, 11):
        s.disc(knob[0] + nx * side, knob[1] + ny * side, 16, fill=fill, outline=edge)
    at = lambda along, across: (knob[0] + ux * along + nx * across, knob[1] + uy * along + ny * across)
    points = [at(6, -14), at(length - jag, -14), at(length + jag, -5), at(length - jag, 5),
              at(length, 14), at(6, 14)]
    s.shape(points, fill=fill)
    s.line(points, edge, 1.5)


def bone_pair():
    s = Sheet(paper=(45, 48, 55), ink=WHITE)
    s.text(128, 12, "before", 12)
    bone_half(s, (104, 44), (114, 124), 4)
    bone_half(s, (176, 206), (146, 120), 4)
    s.save("bone-before.png")
    s = Sheet(paper=(45, 48, 55), ink=WHITE)
    s.text(128, 12, "after", 12)
    shaft(s, (128, 44), (128, 212))
    s.line([(114, 128), (122, 124), (130, 131), (142, 127)], (60, 60, 60), 1.5)
    s.box(141, 72, 150, 184, fill=(150, 160, 175), outline=(60, 65, 75), width=1, radius=3)
    for y in (82, 98, 114, 142, 158, 174):
        s.line([(112, y), (148, y)], (90, 100, 115), 2.5)
        s.disc(150, y, 3.4, fill=(90, 100, 115))
    s.save("bone-after.png")


def hand():
    s = Sheet()
    skin, edge = (244, 226, 208), (110, 80, 60)
    # Back of a left hand: the thumb points to the viewer's right.
    fingers = {  # name: base, tip, half width
        "little": ((82, 140), (58, 76), 8.5), "ring": ((104, 128), (94, 40), 9.5),
        "middle": ((128, 124), (128, 24), 10), "index": ((152, 130), (164, 44), 9.5),
        "thumb": ((164, 178), (222, 128), 11),
    }
    for width, colour in ((2, edge), (0, skin)):
        s.shape(curve([(70 - width, 142), (104, 116 - width), (154, 118 - width), (174 + width, 160),
                       (158 + width, 226 + width), (96 - width, 226 + width), (78 - width, 190)]), fill=colour)
        for base, tip, half in fingers.values():
            s.line([base, tip], colour, 2 * (half + width))
            s.disc(*tip, half + width, fill=colour)
            s.disc(*base, half + width, fill=colour)
        # The swollen one: middle joint of the ring finger.
        s.disc(99, 84, 17 + width, 15 + width, fill=colour)
    s.disc(99, 84, 14, 12.5, fill=(226, 130, 115))
    joints = {"little": (0.36, 0.68), "middle": (0.42, 0.73), "index": (0.42, 0.73), "ring": (0.73,),
              "thumb": (0.55,)}
    for name, places in joints.items():
        (bx, by), (tx, ty), half = fingers[name]
        for place in places:
            x, y = bx + (tx - bx) * place, by + (ty - by) * place
            dx, dy = tx - bx, ty - by
            n = math.hypot(dx, dy)
            for off in (-1.8, 1.8):
                cx, cy = x + dx / n * off, y + dy / n * off
                s.line([(cx + dy / n * half * 0.6, cy - dx / n * half * 0.6),
                        (cx - dy / n * half * 0.6, cy + dx / n * half * 0.6)], edge, 1)
    for x, y in [(80, 146), (104, 136), (128, 132), (152, 138)]:
        s.line([(x - 6, y + 2), (x, y), (x + 6, y + 2)], edge, 1)
    s.text(206, 30, "left hand,", 12)
    s.text(206, 44, "seen from", 12)
    s.text(206, 58, "the back", 12)
    s.save("hand-joint.png")


SKIN = (240, 214, 196)


def ruler(s, per_mm, length, x=30, y=222):
    s.line([(x, y), (x + per_mm * length, y)], INK, 1.5)
    for mm in range(length + 1):
        long = mm % 5 == 0
        s.line([(x + mm * per_mm, y), (x + mm * per_mm, y - (9 if long else 5))], INK, 1.2)
        if long:
            s.text(x + mm * per_mm, y - 15, str(mm), 10)
    s.text(x + per_mm * length + 6, y - 4, "mm", 10, anchor="lm")


def skin_symmetric():
    s = Sheet(paper=SKIN)
    s.disc(128, 110, 46, 54, fill=(140, 92, 66), outline=(120, 76, 54), width=2)
    for y in range(30, 200, 12):
        s.line([(128, y), (128, y + 6)], (90, 90, 90), 1)
    s.save("skin-even.png")


NOTCHED = [(88, 70), (120, 52), (138, 66), (172, 56), (190, 92), (172, 108), (192, 134), (160, 156),
           (140, 140), (112, 172), (92, 150), (100, 128), (66, 112)]


def skin_asymmetric():
    s = Sheet(paper=SKIN)
    s.shape(curve(NOTCHED), fill=(150, 100, 75))
    s.shape(curve([(130, 76), (168, 70), (176, 92), (158, 110), (174, 132), (146, 126), (126, 104)]),
            fill=(55, 35, 28))
    ruler(s, 18, 10)
    s.save("skin-uneven.jpg")


def mole_pair():
    s = Sheet(paper=SKIN)
    s.text(128, 14, "March", 12)
    s.disc(128, 112, 35, 32, fill=(150, 100, 75))
    ruler(s, 14, 14)
    s.save("mole-march.png")
    s = Sheet(paper=SKIN)
    s.text(128, 14, "September", 12)
    grown = [(72, 96), (98, 66), (122, 78), (152, 58), (184, 84), (174, 112), (186, 146), (150, 164),
             (128, 150), (100, 166), (84, 138)]
    s.shape(curve(grown), fill=(150, 100, 75))
    s.shape(curve([(140, 76), (170, 84), (164, 112), (172, 138), (146, 136), (132, 108)]), fill=(50, 32, 26))
    ruler(s, 14, 14)
    s.save("mole-september.png")


# --- traces, charts and tables ------------------------------------------------------------------


def bump(t, centre, width, height):
    return height * math.exp(-(((t - centre) / width) ** 2))


def ecg(name, beats, seconds, waves):
    """`waves`: draw P waves; otherwise a restless base line without them."""
    per_s = 336 // seconds
    s = Sheet(360, 200)
    left, base = 12, 104
    right = left + per_s * seconds
    for i in range(seconds * 5 + 1):
        x = left + i * per_s / 5
        s.line([(x, 16), (x, 160)], PINK, 1)
    y = 16
    while y <= 160.1:
        s.line([(left, y), (right, y)], PINK, 1)
        y += per_s / 5
    points = []
    for k in range(seconds * 200 + 1):
        t = k / 200
        v = 0.0
        for beat in beats:
            v += bump(t, beat - 0.025, 0.012, -7) + bump(t, beat, 0.013, 62) + bump(t, beat + 0.028, 0.013, -13)
            v += bump(t, beat + 0.26, 0.055, 12)
            if waves:
                v += bump(t, beat - 0.16, 0.03, 8)
        if not waves:
            v += 1.5 * math.sin(t * 41) + 1.2 * math.sin(t * 57 + 1) + 0.9 * math.sin(t * 73 + 2)
        points.append((left + t * per_s, base - v))
    s.line(points, INK, 1.5)
    for t in range(seconds + 1):
        s.line([(left + t * per_s, 160), (left + t * per_s, 166)], INK, 1)
        s.text(left + t * per_s, 172, str(t) if t < seconds else f"{t} s", 10)
    s.save(name)


def ecgs():
    ecg("ecg-regular.png", [0.4 + 0.8 * i for i in range(7)], 6, True)
    beats = [0.2]
    for gap in (0.62, 0.46, 0.74, 0.98, 0.54, 0.5, 0.86, 0.66):
        beats.append(beats[-1] + gap)
    ecg("ecg-irregular.png", beats, 6, False)
    ecg("ecg-pause.png", [0.4, 1.2, 2.0, 5.6, 6.4], 7, True)


def labs():
    s = Sheet()
    s.text(128, 12, "result / upper limit of normal", 12)
    base, unit = 212, 32
    for n in range(7):
        y = base - n * unit
        if y > 22:
            s.text(20, y, str(n), 11)
            s.line([(30, y), (244, y)], (232, 232, 232), 1)
    for i, (name, value) in enumerate([("ALT", 0.9), ("AST", 0.8), ("ALP", 3.2), ("GGT", 5.4), ("CK", 0.6)]):
        x = 42 + i * 41
        s.box(x, base - value * unit, x + 26, base, fill=(110, 140, 185), outline=BLUE, width=1)
        s.text(x + 13, base + 12, name, 12)
    for x in range(30, 244, 10):
        s.line([(x, base - unit), (x + 6, base - unit)], RED, 1.5)
    s.line([(30, 26), (30, base), (244, base)], INK, 1.5)
    s.save("labs-bars.png")


def growth():
    s = Sheet()
    x = lambda age: 36 + (age - 2) * 19
    y = lambda cm: 214 - (cm - 75) * 2.15
    height = lambda age, z: 87 + 6.3 * (age - 2) - 0.06 * (age - 2) ** 2 + z * (5.5 + 0.8 * (age - 2))  # wider than life
    for z, name in [(1.88, "97"), (0.67, "75"), (0, "50"), (-0.67, "25"), (-1.88, "3")]:
        s.line([(x(a / 2), y(height(a / 2, z))) for a in range(4, 25)], (60, 110, 170), 2 if z == 0 else 1.2)
        s.text(x(12) + 4, y(height(12, z)), name, 10, fill=(60, 110, 170), anchor="lm")
    for age in range(2, 13, 2):
        s.line([(x(age), 214), (x(age), 218)], INK, 1)
        s.text(x(age), 224, str(age), 10)
    for cm in range(80, 160, 20):
        s.line([(32, y(cm)), (36, y(cm))], INK, 1)
        s.text(30, y(cm), str(cm), 10, anchor="rm")
    s.line([(36, 20), (36, 214), (228, 214)], INK, 1.5)
    s.text(38, 12, "height (cm), by age (years)", 11, anchor="lm")
    child = [(4, 0.4), (5.5, 0.36), (7, -0.25), (8.5, -0.85), (10, -1.3)]
    dots = [(x(a), y(height(a, z))) for a, z in child]
    s.line(dots, RED, 1.2)
    for px, py in dots:
        s.disc(px, py, 3.8, fill=RED)
    s.save("growth-curve.png")


def table():
    s = Sheet()
    s.text(128, 16, "Blood test", 15)
    rows = [("", "result", "normal"), ("Haemoglobin g/L", "84", "130-170"), ("MCV fL", "68", "80-98"),
            ("White cells 10^9/L", "6.2", "4.0-10.5"), ("Platelets 10^9/L", "430", "150-450"),
            ("Ferritin ng/mL", "5", "20-200"), ("B12 ng/L", "410", "200-900")]
    for i, (name, value, normal) in enumerate(rows):
        top = 32 + i * 28
        s.box(8, top, 248, top + 28, outline=MID, width=1)
        s.text(14, top + 14, name, 12, anchor="lm")
        s.text(154, top + 14, value, 13 if i else 11)
        s.text(216, top + 14, normal, 12 if i else 11)
    for x in (130, 178):
        s.line([(x, 32), (x, 228)], MID, 1)
    s.save("blood-table.png")


def label():
    s = Sheet(paper=(235, 240, 245))
    s.box(92, 8, 164, 32, fill=WHITE, outline=DARK, width=2, radius=4)
    s.box(60, 30, 196, 44, fill=(225, 150, 70), outline=DARK, width=1.5, radius=6)
    s.box(28, 42, 228, 234, fill=(225, 150, 70), outline=DARK, width=2, radius=12)
    s.box(34, 60, 222, 222, fill=WHITE, outline=DARK, width=1.5)
    s.text(128, 76, "LEVOTHYROXINE", 16)
    s.text(128, 95, "25 microgram tablets", 13)
    s.line([(44, 106), (212, 106)], MID, 1)
    for i, row in enumerate(["Take THREE tablets each", "morning, on an empty", "stomach, with water."]):
        s.text(128, 121 + 17 * i, row, 13)
    s.line([(44, 166), (212, 166)], MID, 1)
    s.text(128, 182, "84 tablets", 15)
    s.text(128, 204, "Sample Pharmacy, Nowhere", 11)
    s.save("pill-label.png")


def thermometer():
    s = Sheet()
    x, low, per = 118, 202, 36
    s.box(x - 12, 10, x + 12, 214, fill=WHITE, outline=DARK, width=2, radius=12)
    s.disc(x, 216, 19, fill=(200, 50, 50), outline=DARK, width=2)
    top = low - (38.4 - 36) * per
    s.box(x - 5, top, x + 5, 214, fill=(200, 50, 50))
    for i in range(0, 26):
        value = 36 + i / 5
        y = low - (value - 36) * per
        whole = i % 5 == 0
        s.line([(x + 14, y), (x + (34 if whole else 24), y)], INK, 1.5 if whole else 1)
        if whole:
            s.text(x + 40, y, f"{value:.0f} °C", 13, anchor="lm")
    s.line([(70, top), (x - 14, top)], RED, 1.2)
    s.text(66, top, "reading", 12, fill=RED, anchor="rm")
    s.save("thermometer.png")


# --- cells, skin tests and fans -----------------------------------------------------------------

GRID = [(40, 40), (92, 34), (142, 46), (196, 36), (226, 82), (58, 90), (112, 88), (170, 96), (34, 140),
        (86, 142), (138, 138), (204, 140), (56, 196), (112, 198), (166, 186), (216, 200)]


def cells():
    s = Sheet(paper=(250, 244, 248))
    dark = {1, 5, 7, 10, 12, 15}
    for i, (x, y) in enumerate(GRID):
        s.disc(x, y, 19, 18, fill=(235, 205, 225), outline=(150, 90, 140), width=1.5)
        core = (80, 20, 90) if i in dark else (250, 235, 247)
        s.disc(x + 2, y - 1, 9, fill=core, outline=(150, 90, 140), width=1.5)
    s.save("cells-cores.png")


def sickles():
    s = Sheet(paper=(252, 246, 244))
    bent = {2: 20, 6: 100, 9: -30, 14: 60}
    for i, (x, y) in enumerate(GRID):
        if i in bent:
            turn = math.radians(bent[i])
            outer = [(-26, -4), (-14, 9), (0, 13), (14, 9), (26, -4), (13, 1), (0, 3), (-13, 1)]
            pts = [(x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
                   for a, b in outer]
            s.shape(curve(pts), fill=(200, 70, 70), outline=(140, 40, 40))
        else:
            s.disc(x, y, 18, fill=(215, 95, 90), outline=(140, 40, 40))
            s.disc(x, y, 7, fill=(240, 180, 170))
    s.save("cells-bent.png")


def prick():
    s = Sheet(paper=(244, 224, 208))
    s.text(128, 13, "prick test: wheal size", 13)
    spots = [("saline", 1.5), ("histamine", 14), ("birch", 1.5), ("grass", 2), ("cat", 19), ("mite", 1.5)]
    for i, (name, size) in enumerate(spots):
        x, y = 54 + (i % 3) * 74, 66 + (i // 3) * 78
        if size > 4:
            s.disc(x, y, size + 7, size + 6, fill=(235, 170, 155))
            s.disc(x, y, size, fill=(252, 240, 230), outline=(190, 110, 95))
        else:
            s.disc(x, y, size, fill=(150, 70, 60))
        s.text(x, y + 35, name, 12)
    s.line([(104, 214), (152, 214)], INK, 2)  # 48 px are 12 mm
    for x in (104, 152):
        s.line([(x, 209), (x, 219)], INK, 1.5)
    s.text(128, 228, "12 mm", 11)
    s.save("prick-test.png")


def fan():
    s = Sheet(paper=BLACK, ink=WHITE)
    apex, r0, r1 = (128, -10), 36, 236
    rim = [math.radians(a) for a in range(48, 133, 2)]
    s.shape([(apex[0] + r0 * math.cos(a), apex[1] + r0 * math.sin(a)) for a in rim]
            + [(apex[0] + r1 * math.cos(a), apex[1] + r1 * math.sin(a)) for a in reversed(rim)],
            fill=(105, 105, 108))
    return s


def gallbladder():
    s = fan()
    s.shape(curve([(78, 86), (112, 78), (158, 92), (172, 118), (150, 138), (106, 130), (80, 112)]),
            fill=(20, 20, 22), outline=(175, 175, 178), width=2)
    s.shape([(114, 130), (142, 130), (146, 224), (108, 224)], fill=(25, 25, 28))
    s.disc(128, 122, 14, 10, fill=(250, 250, 250))
    s.save("fan-gallbladder.jpg")


def placenta():
    s = fan()
    womb = [(128, 40), (172, 48), (192, 92), (182, 140), (152, 172), (128, 178), (104, 172), (74, 140), (64, 92),
            (84, 48)]
    s.shape(curve(womb), fill=(25, 25, 28), outline=(215, 215, 218), width=2.5)
    s.disc(124, 112, 30, 27, outline=(235, 235, 238), width=3)
    s.disc(146, 72, 18, 15, outline=(235, 235, 238), width=2)
    # The neck of the womb leaves downwards in the middle.
    s.box(110, 174, 146, 216, fill=(165, 165, 168))
    s.box(125, 172, 131, 216, fill=(25, 25, 28))
    s.shape(curve([(78, 138), (92, 150), (124, 152), (160, 146), (180, 132), (176, 150), (152, 172), (128, 178),
                   (104, 172), (84, 154)]), fill=(195, 195, 198), outline=(240, 240, 240), width=1)
    for x, y, text in [(34, 26, "head"), (226, 26, "placenta"), (224, 232, "cervix")]:
        s.text(x, y, text, 12)
    s.line([(44, 34), (100, 100)], WHITE, 1)
    s.line([(222, 34), (168, 146)], WHITE, 1)
    s.line([(202, 230), (142, 206)], WHITE, 1)
    s.save("fan-placenta.jpg")


def main():
    OUT.mkdir(exist_ok=True)
    chest_shape()
    chest_fluid("chest-day1.png", "day 1", 116, False)
    chest_fluid("chest-day4.png", "day 4", 172, True)
    retina()
    eardrum()
    brain_bright()
    brain_pair()
    kidney()
    bone_break()
    bone_pair()
    hand()
    skin_symmetric()
    skin_asymmetric()
    mole_pair()
    ecgs()
    labs()
    growth()
    table()
    label()
    thermometer()
    cells()
    sickles()
    prick()
    gallbladder()
    placenta()
    files = sorted(OUT.iterdir())
    total = sum(f.stat().st_size for f in files)
    assert len(files) == 30 and total <= 160 * 1024, (len(files), total)
    print(len(files), "images,", total, "bytes")


if __name__ == "__main__":
    main()
