"""Lengths and widths of masks: scikit-image's skeleton and distance transform beside Hairline.

rendered FOLDER      masks with known lengths and widths, from
                     cargo test --test integration -- --ignored measuring::truth::writes_masks_with_their_truth
labels DATA SPLIT    the masks of a data folder, where the truth is not known: how far the two lie apart
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/hairline"
RESAMPLES = 2000


def by_skeleton(mask):
    """Length by steps to neighbours, diagonal ones counted as √2, and twice the mean distance to the next pixel outside."""
    skeleton = skeletonize(mask)
    straight = (skeleton[:, 1:] & skeleton[:, :-1]).sum() + (skeleton[1:] & skeleton[:-1]).sum()
    # A diagonal step beside a straight one goes round the same corner.
    falling = skeleton[1:, 1:] & skeleton[:-1, :-1] & ~skeleton[1:, :-1] & ~skeleton[:-1, 1:]
    rising = skeleton[1:, :-1] & skeleton[:-1, 1:] & ~skeleton[1:, 1:] & ~skeleton[:-1, :-1]
    length = straight + np.sqrt(2) * (falling.sum() + rising.sum())
    width = 2 * ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][skeleton]
    return float(length), float(width.mean()) if skeleton.any() else 0.0


def by_hairline(files):
    """Total length and its mean width for each file."""
    answers = []
    for start in range(0, len(files), 200):
        command = [BINARY, "measure", *files[start : start + 200]]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        for cracks in (json.loads(line)["cracks"] for line in lines):
            length = sum(crack["length_px"]["value"] for crack in cracks)
            area = sum(crack["length_px"]["value"] * crack["width_mean_px"]["value"] for crack in cracks)
            answers.append((length, area / length if length else 0.0))
    return answers


def interval(values, statistic=np.mean):
    random = np.random.default_rng(1)
    values = np.asarray(values)
    drawn = [statistic(random.choice(values, len(values))) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return statistic(values), low, high


def cell(values, factor=1.0, digits=2):
    value, low, high = (factor * v for v in interval(values))
    return f"{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def read(path):
    return np.array(Image.open(path).convert("L")) > 0


def rendered(folder):
    truth = json.loads((folder / "truth.json").read_text())
    files = [folder / entry["file"] for entry in truth]
    answers = {"Hairline": by_hairline(files), "skeleton, 2 × distance": [by_skeleton(read(file)) for file in files]}
    print("| shape | n | method | length, mean absolute error in % | mean width, mean absolute error in px | mean signed, px |")
    print("|---|---|---|---|---|---|")
    for shape in dict.fromkeys(entry["shape"] for entry in truth):
        chosen = [i for i, entry in enumerate(truth) if entry["shape"] == shape]
        for name, found in answers.items():
            lengths = [abs(found[i][0] / truth[i]["length_px"] - 1) for i in chosen]
            widths = np.array([found[i][1] - truth[i]["width_mean_px"] for i in chosen])
            print(f"| {shape} | {len(chosen)} | {name} | {cell(lengths, 100)} | {cell(abs(widths))} | {cell(widths)} |")


def labels(folder, split):
    stems = (folder / f"{split}.txt").read_text().split()
    files = [folder / "masks" / f"{stem}.png" for stem in stems]
    pairs = [(ours, by_skeleton(read(file))) for ours, file in zip(by_hairline(files), files)]
    pairs = [(ours, theirs) for ours, theirs in pairs if ours[0] > 0 and theirs[0] > 0]
    lengths = [ours[0] / theirs[0] for ours, theirs in pairs]
    widths = [ours[1] - theirs[1] for ours, theirs in pairs]
    print("| masks | n | Hairline's length over the skeleton's | Hairline's mean width less the skeleton's, px |")
    print("|---|---|---|---|")
    print(f"| {folder.name} {split} | {len(pairs)} of {len(files)} | {cell(lengths, digits=3)} | {cell(widths)} |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["rendered", folder]:
            rendered(Path(folder))
        case ["labels", folder, split]:
            labels(Path(folder), split)
        case _:
            sys.exit(__doc__)
