"""Reads an exported file with the programs that others read it with, and says in JSON what it found."""

import csv
import json
import sys

import ezdxf
import geojson
import geojson_pydantic
import pyogrio
from ezdxf.math import Vec2


def read_dxf(path):
    """What ezdxf makes of a drawing."""
    drawing = ezdxf.readfile(path)
    audit = drawing.audit()
    space = drawing.modelspace()
    polylines = []
    for line in space.query("LWPOLYLINE"):
        points = [list(point) for point in line.get_points("xyse")]
        corners = [Vec2(x, y) for x, y, *_ in points]
        length = sum(a.distance(b) for a, b in zip(corners, corners[1:]))
        polylines.append({"layer": line.dxf.layer, "closed": line.closed, "length": length, "points": points})
    return {
        "problems": [entry.message for entry in audit.errors + audit.fixes],
        "version": drawing.dxfversion,
        "units": drawing.header["$INSUNITS"],
        "layers": [layer.dxf.name for layer in drawing.layers],
        "polylines": polylines,
        "junctions": [list(point.dxf.location) for point in space.query("POINT")],
        "numbers": [text.dxf.text for text in space.query("TEXT")],
        "number_layers": sorted({text.dxf.layer for text in space.query("TEXT")}),
        "others": [entity.dxftype() for entity in space.query("* !LWPOLYLINE !POINT !TEXT")],
    }


def read_geojson(path):
    """What two validators make of a collection."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    collection = geojson.loads(text)
    problems = [] if collection.is_valid else [repr(collection.errors())]
    try:
        geojson_pydantic.FeatureCollection.model_validate_json(text)
    except ValueError as error:
        problems.append(str(error))
    return {"problems": problems}


def read_gdal(path):
    """What GDAL, and so QGIS, makes of a map or a drawing."""
    about = pyogrio.read_info(path, force_total_bounds=True)
    _, _, shapes, columns = pyogrio.raw.read(path)
    fields = list(about["fields"])
    name = "number" if "number" in fields else "Layer"
    return {
        "features": len(shapes),
        "geometry": about["geometry_type"],
        "crs": about["crs"],
        "bounds": list(about["total_bounds"]),
        "fields": fields,
        "names": [str(value) for value in columns[fields.index(name)]],
    }


def read_csv(path):
    """The rows of a table."""
    with open(path, encoding="utf-8", newline="") as file:
        return {"rows": list(csv.DictReader(file, strict=True))}


READERS = {"dxf": read_dxf, "geojson": read_geojson, "gdal": read_gdal, "csv": read_csv}

if __name__ == "__main__":
    json.dump(READERS[sys.argv[1]](sys.argv[2]), sys.stdout)
