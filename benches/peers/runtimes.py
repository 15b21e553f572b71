"""Runtimes in processes of their own, so that none disturbs another's threads; each answers through a pipe."""

import multiprocessing
import time

import numpy as np


class PyTorch:
    def __init__(self, model, _onnx, threads, channels_last):
        import torch
        import network

        torch.set_num_threads(threads)
        self.torch, self.format = torch, torch.channels_last if channels_last else torch.contiguous_format
        self.network = network.load(model).to(memory_format=self.format)

    def forward(self, x):
        with self.torch.inference_mode():
            return self.network(self.torch.from_numpy(x).to(memory_format=self.format)).numpy()

    def prepare_step(self, x, targets):
        torch = self.torch
        self.batch = torch.from_numpy(x).to(memory_format=self.format), torch.from_numpy(targets)
        self.network.train()
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=2e-3, weight_decay=0.01, fused=True)

    def step(self):
        x, targets = self.batch
        logits = self.network(x)
        p = logits.sigmoid()
        dice = 1 - (2 * (p * targets).sum() + 1) / (p.sum() + targets.sum() + 1)
        loss = self.torch.nn.functional.binary_cross_entropy_with_logits(logits, targets) + dice
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return loss.item()


class OnnxRuntime:
    def __init__(self, _model, onnx, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def forward(self, x):
        return self.session.run(None, {"input": x})[0]


class OpenVino:
    def __init__(self, _model, onnx, threads):
        import openvino

        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self.network = openvino.Core().compile_model(onnx, "CPU", settings)

    def forward(self, x):
        return self.network({"input": x})[0]


KINDS = {
    "PyTorch": lambda *a: PyTorch(*a, channels_last=False),
    "PyTorch channels-last": lambda *a: PyTorch(*a, channels_last=True),
    "ONNX Runtime": OnnxRuntime,
    "OpenVINO": OpenVino,
}


def timed(work, count):
    """Median milliseconds, after one time that does not count."""
    work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times))


def serve(pipe, kind, arguments):
    runtime, x = KINDS[kind](*arguments), None
    for order, *values in iter(pipe.recv, ["end"]):
        if order == "input":
            x = values[0]
            pipe.send(None)
        elif order == "logits":
            pipe.send(np.array(runtime.forward(x)))
        elif order == "forward":
            pipe.send(timed(lambda: runtime.forward(x), values[0]))
        elif order == "batch":
            pipe.send(runtime.prepare_step(*values))
        elif order == "step":
            pipe.send(timed(runtime.step, values[0]))


class Worker:
    """A runtime in a process of its own."""

    def __init__(self, kind, *arguments):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        context.Process(target=serve, args=(other, kind, arguments), daemon=True).start()
        other.close()

    def ask(self, *order):
        self.pipe.send(list(order))
        return self.pipe.recv()

    def end(self):
        self.pipe.send(["end"])
