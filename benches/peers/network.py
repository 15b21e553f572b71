"""The Attention U-Net in PyTorch, with the parameter names of Hairline's model files."""

import json

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

LEVELS = 5


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.conv(x)


class AttentionGate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.W_g = nn.Sequential(nn.Conv2d(channels, half, 1), nn.BatchNorm2d(half))
        self.W_x = nn.Sequential(nn.Conv2d(channels, half, 1), nn.BatchNorm2d(half))
        self.psi = nn.Sequential(nn.Conv2d(half, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, up, skip):
        return skip * self.psi(torch.relu(self.W_g(up) + self.W_x(skip)))


class AttentionUNet(nn.Module):
    def __init__(self, width):
        super().__init__()
        channels = [width << level for level in range(LEVELS)]
        for level in range(LEVELS):
            self.add_module(f"Conv{level + 1}", ConvBlock(channels[level - 1] if level else 3, channels[level]))
        for level in range(LEVELS, 1, -1):
            below, here = channels[level - 1], channels[level - 2]
            self.add_module(f"Up{level}", nn.ConvTranspose2d(below, here, 2, stride=2))
            self.add_module(f"Att{level}", AttentionGate(here))
            self.add_module(f"UpConv{level}", ConvBlock(2 * here, here))
        self.Conv_1x1 = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        part = self.get_submodule
        skips = []
        for level in range(1, LEVELS + 1):
            x = part(f"Conv{level}")(nn.functional.max_pool2d(x, 2) if level > 1 else x)
            skips.append(x)
        for level in range(LEVELS, 1, -1):
            up = part(f"Up{level}")(x)
            x = part(f"UpConv{level}")(torch.cat([part(f"Att{level}")(up, skips[level - 2]), up], dim=1))
        return self.Conv_1x1(x)


def load(path):
    """The network of a model file, in f32 and ready for inference."""
    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()["hairline"])
        state = {name: file.get_tensor(name).float() for name in file.keys()}
    network = AttentionUNet(metadata["base_width"])
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    return network.eval()


def write_random(path, width):
    """A model file with random weights, and statistics that a trained network might have."""
    torch.manual_seed(width)
    network = AttentionUNet(width)
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, std=0.1)
    with torch.no_grad():
        for _ in range(30):
            network(torch.randn(2, 3, 64, 64))
    metadata = {
        "architecture": "attention-unet", "base_width": width, "format": 1,
        "input": {"mean": [0.5] * 3, "scale": "native", "std": [0.25] * 3}, "licence": "random weights",
        "name": f"random-{width}", "parameters_sha256": "", "temperature": 1.0, "threshold": 0.5, "trained_on": [],
    }
    state = {name: t.contiguous() for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    save_file(state, path, metadata={"hairline": json.dumps(metadata)})
