"""Times Hairline beside other runtimes: same weights and input, in turn, medians of ratios."""

import argparse
import json
import logging
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import network
from runtimes import KINDS, Worker

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/hairline"
# Threads of a runtime spin for a while after its turn and would slow whoever comes next.
REST_S = 0.2
TOLERANCE = 1e-3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, help="model file [default: models/open.safetensors]")
    which.add_argument("--width", type=int, help="random weights of this base width instead")
    parser.add_argument("--size", type=int, default=512, help="side of the image in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--passes", type=int, default=5, help="forward passes in a turn; 0 leaves them out")
    parser.add_argument("--steps", type=int, default=0, help="training steps in a turn")
    parser.add_argument("--isa", choices=["avx2"], help="hold Hairline and PyTorch to this instruction set")
    return parser.parse_args()


def hairline(model, args, *more):
    command = [BINARY, "bench", "--model", model, "--threads", str(args.threads), *more]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def our_logits(model, args, x, folder):
    np.save(folder / "x.npy", x)
    hairline(model, args, "--input", folder / "x.npy", "--output", folder / "y.npy")
    return np.load(folder / "y.npy")


def export(model, path):
    import torch

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of operators that this network has not
    example = torch.zeros(1, 3, 64, 64)
    shapes = {"x": {2: torch.export.Dim("h", min=1) * 16, 3: torch.export.Dim("w", min=1) * 16}}
    program = torch.onnx.export(
        network.load(model), (example,), dynamo=True, dynamic_shapes=shapes, input_names=["input"],
        output_names=["logits"], verbose=False,
    )
    program.save(path)


def reference(model, x):
    import torch

    with torch.inference_mode():
        return network.load(model).double()(torch.from_numpy(x).double()).numpy()


def check(answers, truth):
    """Says how far each is from the f64 reference; whoever is further than the tolerance ends the run."""
    print(f"largest difference from an f64 reference, whose logits reach ±{abs(truth).max():.1f}:")
    errors = {name: float(abs(answer - truth).max()) for name, answer in answers.items()}
    for name, error in errors.items():
        print(f"  {name:<22} {error:.1e}")
    assert max(errors.values()) <= TOLERANCE, f"more than {TOLERANCE}"


def compare(what, ours, others, rounds):
    """A table of the medians, and of the medians of our time over theirs in the same round."""
    times = {name: [] for name in ["Hairline", *others]}
    for _ in range(rounds):
        for name, work in [("Hairline", ours), *others.items()]:
            time.sleep(REST_S)
            times[name].append(work())
    print(f"\n| {what} | median ms | Hairline's time over it (range over {rounds} rounds) |\n|---|---|---|")
    for name, values in times.items():
        ratios = np.array(times["Hairline"]) / np.array(values)
        ratio = "" if name == "Hairline" else f"{np.median(ratios):.2f} ({ratios.min():.2f}–{ratios.max():.2f})"
        print(f"| {name} | {np.median(values):.0f} | {ratio} |", flush=True)


def main():
    args = arguments()
    if args.isa == "avx2":
        os.environ |= {"HAIRLINE_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model, onnx = args.model or ROOT / "models/open.safetensors", folder / "network.onnx"
        if args.width:
            model = folder / "random.safetensors"
            network.write_random(model, args.width)
        export(model, onnx)
        workers = {kind: Worker(kind, str(model.resolve()), str(onnx), args.threads) for kind in KINDS}
        x = random.standard_normal((1, 3, args.size, args.size), dtype=np.float32)
        for worker in workers.values():
            worker.ask("input", x)
        answers = {"Hairline": our_logits(model.resolve(), args, x, folder)}
        answers |= {name: worker.ask("logits") for name, worker in workers.items()}
        check(answers, reference(model, x))

        def ours(key, *more):
            return lambda: json.loads(hairline(model.resolve(), args, "--json", *more))[key]

        if args.passes:
            turn = ours("forward_ms", "--size", str(args.size), "--passes", str(args.passes), "--steps", "0")
            others = {name: lambda worker=worker: worker.ask("forward", args.passes) for name, worker in workers.items()}
            compare(f"forward, 1×{args.size}×{args.size}", turn, others, args.rounds)
        if args.steps:
            batch = random.standard_normal((8, 3, 256, 256), dtype=np.float32)
            targets = (random.random((8, 1, 256, 256)) < 0.05).astype(np.float32)
            others = {}
            for name in ["PyTorch", "PyTorch channels-last"]:
                workers[name].ask("batch", batch, targets)
                others[name] = lambda worker=workers[name]: worker.ask("step", args.steps)
            turn = ours("train_step_ms", "--passes", "0", "--steps", str(args.steps))
            compare("training step, 8×256×256", turn, others, args.rounds)
        for worker in workers.values():
            worker.end()


if __name__ == "__main__":
    main()
