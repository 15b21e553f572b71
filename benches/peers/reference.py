"""What PyTorch answers, for the tests that hold Hairline to it.

logits MODEL FILE          recomputes the logits in FILE (tests/data/forward-check.safetensors) from the inputs in it
score MODEL DATA SPLIT     F1 on photographs read by Pillow and shown to PyTorch whole, at the model's temperature, threshold and core
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.ndimage
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import network


def normalised(rgb):
    return (rgb.float() / 255 - 0.5) / 0.25


def logits(model, file):
    tensors = load_file(file)
    net = network.load(model)
    tensors["logits"] = net(tensors["input"])
    tensors["drawn_logits"] = net(normalised(tensors["drawn_rgb"]))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)


def probabilities(net, photo, temperature):
    """Probabilities of a photograph, mirrored at its right and lower edge to a multiple of 16."""
    height, width, _ = photo.shape
    x = normalised(torch.from_numpy(photo).permute(2, 0, 1)[None])
    x = torch.nn.functional.pad(x, (0, -width % 16, 0, -height % 16), mode="reflect")
    return (net(x) / temperature).sigmoid()[0, 0, :height, :width].numpy()


def cracks(probabilities, threshold, core):
    """The 8-connected regions at `threshold` that somewhere reach `core` or whose box has a diagonal of 120 px."""
    regions, count = scipy.ndimage.label(probabilities >= threshold, np.ones((3, 3)))
    peaks = np.asarray(scipy.ndimage.maximum(probabilities, regions, np.arange(1, count + 1)))
    boxes = scipy.ndimage.find_objects(regions)
    diagonals = np.array([np.hypot(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes])
    return np.concatenate([[False], (peaks >= core) | (diagonals >= 120)])[regions]


def score(model, data, split):
    with safe_open(model, framework="pt") as file:
        metadata = json.loads(file.metadata()["hairline"])
    net, data = network.load(model), Path(data)
    true_positive = predicted = positive = 0
    stems = (data / f"{split}.txt").read_text().split()
    for stem in stems:
        photo = np.array(Image.open(data / "images" / f"{stem}.jpg").convert("RGB"))
        mask = np.array(Image.open(data / "masks" / f"{stem}.png").convert("L")) > 0
        crack = cracks(probabilities(net, photo, metadata["temperature"]), metadata["threshold"], metadata.get("core", 0))
        true_positive += (crack & mask).sum()
        predicted, positive = predicted + crack.sum(), positive + mask.sum()
    print(f"{len(stems)} photographs: F1 {2 * true_positive / (predicted + positive):.4f}")


if __name__ == "__main__":
    with torch.inference_mode():
        match sys.argv[1:]:
            case ["logits", model, file]:
                logits(model, file)
            case ["score", model, data, split]:
                score(model, data, split)
            case _:
                sys.exit(__doc__)
