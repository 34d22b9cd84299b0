"""Linear layers that read half-precision weights: on a CPU, a few motions take as long as it takes to read them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

# The overloads themselves: to look them up at each call takes as long as a small product.
_linear = torch.ops.quantized.linear_dynamic_fp16.default
_prepack = torch.ops.quantized.linear_prepack_fp16.default


class PackedLinear(nn.Linear):
    """A linear layer that keeps a half-precision copy of its weights, for inference on a CPU.

    Inputs, sums and outputs are single precision. With gradients, or on another device, it is a plain linear layer. The
    copy follows the weights.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self._copy_of: tuple[int, ...] = ()

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(..., in) → (..., out)."""
        if torch.is_grad_enabled() or not input.is_cpu or input.dtype != torch.float32 or input.ndim < 2:
            return functional.linear(input, self.weight, self.bias)
        now = _state(self.weight) + (_state(self.bias) if self.bias is not None else ())
        if self._copy_of != now:
            self._copy = _prepack(self.weight, self.bias)
            self._copy_of = now
        return _linear(input, self._copy)


class FrozenLinear(nn.Module):
    """A linear layer for inference on a CPU only. Its weights are rounded to half precision; no others are kept."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._copy = _prepack(linear.weight, linear.bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(rows, ..., in) → (rows, ..., out)."""
        return _linear(input, self._copy)


def pack(module: nn.Module, frozen: bool = False) -> None:
    """Replace a module's linear layers in place by packed ones, where half precision holds their weights exactly.

    Nothing changes where torch has no such kernels, as on other processors than x86.

    Args:
        module: the module.
        frozen: whether to replace all of its linear layers by `FrozenLinear`.
    """
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            # Not of derived classes: torch's own attention reads the weights of its projection by itself.
            if type(child) is not nn.Linear:
                continue
            if frozen:
                setattr(parent, name, FrozenLinear(child))
            elif torch.equal(child.weight.half().float(), child.weight):
                setattr(parent, name, PackedLinear(child))


def _state(tensor: torch.Tensor) -> tuple[int, ...]:
    return (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
