"""Checks an ONNX file, runs it with ONNX Runtime, and says in JSON what it is.

run_onnx.py MODEL.onnx IN.npy OUT.npy [IN.npy OUT.npy ...]
"""

import json
import sys

import numpy
import onnx
import onnxruntime


def sides(value):
    return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]


def main(path, *arrays):
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for source, target in zip(arrays[::2], arrays[1::2]):
        [answer] = session.run(["probabilities"], {"image": numpy.load(source)})
        numpy.save(target, answer)
    print(json.dumps({
        "input": sides(model.graph.input[0]),
        "output": sides(model.graph.output[0]),
        "opset": [[entry.domain, entry.version] for entry in model.opset_import],
        "properties": session.get_modelmeta().custom_metadata_map,
    }))


main(*sys.argv[1:])
