"""What the page says and how it looks: texts, examples, theme."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import gradio as gr

from motionclip import labels

TITLE = "MotionCLIP for everyone"
HEADER = """
<header class="head"><h1>MotionCLIP for everyone</h1>
<p>Say what a body should do and watch it move. Everything runs on this machine:
no account, no upload of your words.</p>
</header>
"""

FIRST_PROMPT = "a person walks like a zombie"
KNOWN = [
    "a person walks like a zombie", "sit down on a chair", "picks something up from the floor", "drinks from a cup",
    "dance salsa", "do push-ups", "swing a golf club", "climb a ladder", "kick with the left leg", "jump three times",
    "walk while waving with the left hand", "walk forward, turn around and walk back",
]  # fmt: skip
# Pictures on the page before anybody asks, with prompts and seeds; `python docs/pictures.py gallery` draws them.
GALLERY = {
    "knock": ("a person knocks on a door", 0), "salsa": ("dance salsa", 0), "golf": ("swing a golf club", 0),
    "pushups": ("do push-ups", 0), "ballet": ("dance ballet", 0), "kick": ("a person kicks", 1),
    "drink": ("drinks from a cup", 0), "zombie": ("a person walks like a zombie", 0), "climb": ("climb a ladder", 0),
    "jump": ("jump for joy", 0), "sneak": ("sneak like a thief", 0), "spiderman": ("Spiderman in action!", 0),
}  # fmt: skip
# From the paper: texts that no motion was labelled with.
UNHEARD = [
    "Spiderman in action!", "couch", "Swan Lake", "Usain Bolt", "The karate kid", "Chimpanzee", "YMCA",
    "Jordan dunks", "Running away hysterically", "Drink tea like the queen", "Hitchhiker", "wings",
]  # fmt: skip

# The paper's pairs, and some more.
INTERPOLATIONS = [
    ["dance ballet", "jogging"], ["bowling", "shoot a basketball"], ["walk", "dance salsa"],
    ["walk like an old person", "run"], ["sneak like a thief", "a person walks like a zombie"],
]  # fmt: skip

# Base, from, to: the cases that the paper shows.
EDITS = [
    ["jump", "standing", "bow"], ["walk", "standing", "wash the window"], ["climb", "standing", "drink from a mug"],
    ["sit on a chair", "standing", "argue angrily"], ["jump", "walk", "walk like an old person"],
]  # fmt: skip
STYLES = [["walk", "walk", f"walk {style}"] for style in labels.STYLES.values()]

LIMITS = """
**What it can't do.** The model knows 547 actions from 6.2 hours of motion; with each result it says whether it is
sure that you mean what it shows. It knows no objects, no second person, no fingers and no faces: hands that hold
something look alike, and a hug or a handshake is half of one. It does not understand "not" and "without", and refuses
them rather than do the opposite. It takes English only. Of film titles, names and idioms it gets about three in ten
right. Styles ("like an old person") show on actions that were recorded in them, such as walking and waving, often
faintly; on others they are left out. Fighting stances may come out too wide; flips and rolls are the roughest.
An action is shown whole where it has its usual length, which is what you get for the length 0.

**Where it learned.** [Bandai-Namco Research Motion
Dataset](https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset) 1 and 2, © Bandai Namco
Research Inc. (CC BY-NC 4.0); the [CMU Graphics Lab Motion Capture Database](http://mocap.cs.cmu.edu) (created with
funding from NSF EIA-0196217); [HDM05](https://resources.mpi-inf.mpg.de/HDM05) (CC BY-SA 3.0);
[DeepMimic](https://github.com/xbpeng/DeepMimic) and the [Microsoft
Rocketbox](https://github.com/microsoft/Microsoft-Rocketbox) animations (MIT); the SNU Movement Research Lab's ys2010
and InteractiveAnimation (Apache-2.0) and TimeCriticalResponse (BSD-3-Clause); Quaternius' Universal Animation
Library, Mesh2Motion and KayKit's Character Animations (CC0); and takes that this project choreographed. Text is read
by all-MiniLM-L6-v2 (Apache-2.0). The wooden figure is [mannequin-x](https://pypi.org/project/mannequin-x/)
(Apache-2.0).

**Terms.** The code is MIT. The default weights, and motion made with them, are for **non-commercial** use, since part
of the data is. The method is
[MotionCLIP: Exposing Human Motion Generation to CLIP Space](https://arxiv.org/abs/2203.08063)
(Tevet et al., ECCV 2022).
"""


def card(text: str | None) -> str:
    """The text in the accordion for a model that is not the default: its own card."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text or "", flags=re.DOTALL).strip()
    return body or "This model came without a card: what it learned from, and on which terms, is not known."


def models(current: str | PathLike[str] | None, found: dict[str, Path]) -> str:
    """Say which model this page runs, and which others are on the machine that serves it.

    Args:
        current: the folder or Hub repo of the page's model.
        found: name → folder of the models on this machine.

    Returns:
        Markdown.
    """
    others = [public_name(name) for name in found if name != str(current or "default")]
    listed = f"Also on this machine: {', '.join(f'`{name}`' for name in others)}; " if others else ""
    return (
        f"**Model.** This page runs `{public_name(current or 'default')}`. {listed}`motionclip app --model NAME` "
        "starts another: a folder, or a repo on the Hugging Face Hub."
    )


def public_name(model: str | PathLike[str]) -> str:
    """The name of a model that visitors may read: a folder's own name without its path, or a Hub repo's name."""
    return Path(model).name if Path(model).is_dir() else str(model)


def theme() -> gr.themes.Base:
    """Warm like the wooden figure; dark enough to be read; system fonts, so that nothing is fetched."""
    soft = gr.themes.Soft(
        primary_hue="orange", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["monospace"]
    )
    return soft.set(
        color_accent="*primary_700",
        body_text_color_subdued="*neutral_500",
        block_info_text_color="*neutral_500",
        link_text_color_dark="*secondary_300",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
        block_label_text_color="*primary_800",
        block_label_background_fill_dark="*primary_700",
        block_title_text_color="*primary_800",
        block_title_background_fill_dark="*primary_700",
        # What can be filled in or chosen has an edge that is seen, three times as dark as what is around it.
        button_border_width="1px",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_500",
        checkbox_border_width="1px",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        input_border_width="1px",
        input_border_color="*neutral_500",
        input_border_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
    )


# What Gradio lacks for screen readers: a role where there is a label.
SCRIPT = """
() => {
  const mend = () => document.querySelectorAll("div.empty[aria-label]:not([role])")
    .forEach((e) => e.setAttribute("role", "img"));
  new MutationObserver(mend).observe(document.body, {childList: true, subtree: true});
  mend();
  // Gradio measures its tabs before the page's style is there; a narrow window would lose some to a menu.
  for (const wait of [0, 300, 1500]) setTimeout(() => window.dispatchEvent(new Event("resize")), wait);
}
"""
