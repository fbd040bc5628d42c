"""Load users' modules in a namespace of their own, one for each flow folder.

Two flows with a ``utils.py`` each must not collide, so a flow's modules are registered under a
package that belongs to their folder, and their own ``import utils`` finds them there. Nothing of
a user's folder enters ``sys.path``.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from flowgrade.errors import FlowDefinitionError, FlowgradeError, Place

_PREFIX = "flowgrade_flow_"


class ModuleSpace:
    """The modules of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.package = _PREFIX + hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        self.forget()
        package = ModuleType(self.package, "Modules of one flow.")
        package.__path__ = [str(self.folder)]
        sys.modules[self.package] = package
        _spaces[self.package] = self
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder())

    def load(self, name: str) -> ModuleType:
        """Import ``name`` (``utils`` or ``steps.answer``) from the folder."""
        return importlib.import_module(f"{self.package}.{name}")

    def load_file(self, path: Path) -> ModuleType:
        """Import the file ``path``; raises FlowDefinitionError with file and line on failure."""
        name = self._module_name(path)
        try:
            return self.load(name)
        except FlowgradeError:
            raise
        except SyntaxError as error:
            raise FlowDefinitionError(
                f"The Python code cannot be read: {error.msg}.",
                place=Place(error.filename or str(path), error.lineno, error.offset),
            ) from error
        except Exception as error:  # users' code may fail in any way while it is imported
            raise FlowDefinitionError(
                f"Importing it failed: {type(error).__name__}: {error}",
                hint=_import_hint(error),
                place=Place(str(path), _line(error, path)),
            ) from error

    def owns(self, name: str) -> bool:
        """Whether the folder has a module or package of this top-level name."""
        base = self.folder / name
        return base.with_suffix(".py").is_file() or base.is_dir() and _is_package(base)

    def forget(self) -> None:
        """Drop the modules, so that the next load reads the files again."""
        for name in [
            n for n in sys.modules if n == self.package or n.startswith(self.package + ".")
        ]:
            del sys.modules[name]
        importlib.invalidate_caches()

    def import_(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        """What the ``import`` statement does inside this folder's modules."""
        top = name.partition(".")[0]
        if level or not self.owns(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.load(name)
        if not fromlist:
            return sys.modules[f"{self.package}.{top}"]
        for part in fromlist:
            self._load_part(module, part)
        return module

    def _load_part(self, module: ModuleType, part: str) -> None:
        if part == "*" or hasattr(module, part) or not hasattr(module, "__path__"):
            return
        full = f"{module.__name__}.{part}"
        if importlib.util.find_spec(full) is not None:
            importlib.import_module(full)

    def _module_name(self, path: Path) -> str:
        try:
            relative = path.resolve().relative_to(self.folder).with_suffix("")
        except ValueError as error:
            raise FlowDefinitionError(
                f"The file {path} lies outside the flow's folder {self.folder}.",
                hint="Name it under additional_includes.",
            ) from error
        return ".".join(relative.parts)


class _Finder:
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        space = _spaces.get(fullname.partition(".")[0])
        if space is None or path is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(space, spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, space: ModuleSpace, name: str, path: str) -> None:
        super().__init__(name, path)
        self._space = space

    def exec_module(self, module: ModuleType) -> None:
        # The import statement looks ``__import__`` up in the module's own builtins.
        own = {**vars(builtins), "__import__": self._space.import_}
        module.__dict__["__builtins__"] = own
        super().exec_module(module)


_spaces: dict[str, ModuleSpace] = {}


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file() or any(folder.glob("*.py"))


def _import_hint(error: Exception) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install the package that has '{error.name}' into this environment."
    return None


def _line(error: Exception, path: Path) -> int | None:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path.resolve()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
