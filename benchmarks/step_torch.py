"""PyTorch's side of benchmarks.step: the same network, loss and views. Imports nothing of ours."""

import torch
from torch import nn
from torch.nn import functional

from benchmarks import turns

BATCH, SIZE, TEMPERATURE = 64, 32, 0.1  # as in benchmarks.step


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs, outputs, stride, project):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs)) if project else nn.Identity()

    def forward(self, inputs):
        """[batch, channels, height, width] -> output of the block."""
        hidden = functional.relu(self.bn1(self.conv1(inputs)))
        return functional.relu(self.bn2(self.conv2(hidden)) + self.shortcut(inputs))


def network():
    """ResNet-18 for small images and a projection head of three layers."""
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inputs = 64
    for width in (64, 128, 256, 512):
        for number in range(2):
            stride = 2 if number == 0 and width > 64 else 1
            layers.append(Block(inputs, width, stride, project=number == 0))
            inputs = width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    for width in (512, 512):
        layers += [nn.Linear(512, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(512, 128, bias=False), nn.BatchNorm1d(128))


def main():
    """Answers "step": (seconds of a step, GFLOP/s of a matrix product)."""
    torch.manual_seed(0)
    # Channels last is faster on the machine of benchmarks/README.md.
    net = network().to(memory_format=torch.channels_last)
    views = torch.rand(2 * BATCH, 3, SIZE, SIZE).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    others = torch.arange(2 * BATCH).roll(BATCH)
    itself = torch.eye(2 * BATCH, dtype=torch.bool)
    matrix = torch.rand(turns.SIDE, turns.SIDE)

    def step():
        projections = functional.normalize(net(views))
        logits = (projections @ projections.T / TEMPERATURE).masked_fill(itself, -1e9)
        optimizer.zero_grad()
        functional.cross_entropy(logits, others).backward()
        optimizer.step()

    turns.serve({"step": lambda: turns.turn(step, lambda: matrix @ matrix)})


if __name__ == "__main__":
    main()
