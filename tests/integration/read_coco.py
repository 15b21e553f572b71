"""Reads `annotations.json` in a folder with pycocotools, compares it with the masks beside it, and writes a file of its own."""

import json
import sys
from pathlib import Path

import numpy
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

folder = Path(sys.argv[1])
sys.stdout, out = sys.stderr, sys.stdout  # pycocotools reports its progress
coco = COCO(folder / "annotations.json")
different = marked = 0
for image in coco.imgs.values():
    union = numpy.zeros((image["height"], image["width"]), bool)
    for annotation in coco.imgToAnns[image["id"]]:
        part = coco.annToMask(annotation).astype(bool)
        assert part.sum() == annotation["area"], annotation
        union |= part
    expected = numpy.asarray(Image.open(folder / f"{Path(image['file_name']).stem}.png").convert("L")) > 0
    different += int((union != expected).sum())
    marked += int(union.sum())

image = coco.imgs[1]
height, width = image["height"], image["width"]
drawn = numpy.zeros((height, width), numpy.uint8)
drawn[5:9, 3:40:2] = 1
polygon = [10.3, 20.7, 60.2, 25.1, 80.9, 60.4, 33.0, 50.5]
rle = coco_mask.encode(numpy.asfortranarray(drawn))
rle["counts"] = rle["counts"].decode()
theirs = {
    "images": [{key: image[key] for key in ("id", "file_name", "width", "height")}],
    "categories": [{"id": 9, "name": "damage"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 9, "segmentation": rle, "iscrowd": 1},
        {"id": 2, "image_id": 1, "category_id": 9, "segmentation": [polygon], "iscrowd": 0},
    ],
}
(folder / "theirs.json").write_text(json.dumps(theirs))
union = drawn | coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([polygon], height, width)))
Image.fromarray(union * 255).save(folder / "theirs.png")
json.dump({"images": len(coco.imgs), "different_pixels": different, "crack_pixels": marked, "file_name": image["file_name"]}, out)
