"""The menu xlcollab in LibreOffice Calc, run by LibreOffice's own Python.

That Python has no torch, so every entry starts the interpreter xlcollab is installed for, which
connects back through a pipe that is open for this one click.
"""

import os
import subprocess
import threading
import uuid

import unohelper
from com.sun.star.awt.MessageBoxType import ERRORBOX
from com.sun.star.bridge import XInstanceProvider
from com.sun.star.task import XJobExecutor

PYTHON = "@PYTHON@"
FIELDS = "@FIELDS@"
OK, CANCEL = 1, 2  # of com.sun.star.awt.PushButtonType
SERVICE = "org.xlcollab.Menu"


class Menu(unohelper.Base, XJobExecutor):
    """`service:org.xlcollab.Menu?solve` presses the button solve, `…?solve:once` asks for settings
    before."""

    def __init__(self, context):
        self._context = context

    def trigger(self, entry):
        button, _, asks = entry.partition(":")
        document = self._new("com.sun.star.frame.Desktop").CurrentComponent
        once = self._asked(document, button) if asks else []
        if once is not None:
            self._press(document, button, once)

    def _asked(self, document, button):
        """Settings for one press, from a small window; None where it was closed without Run."""
        window = self._new("com.sun.star.awt.UnoControlDialogModel")
        names = FIELDS[button]
        window.Title, window.Width, window.Height = (
            "xlcollab: for this press",
            170,
            32 + 16 * len(names),
        )
        for row, name in enumerate(names):
            place = {"PositionY": 8 + 16 * row, "Height": 13}
            self._put(
                window, "FixedText", f"label {name}", PositionX=6, Width=58, Label=name, **place
            )
            self._put(window, "Edit", name, PositionX=68, Width=94, **place)
        foot = {"PositionY": 12 + 16 * len(names), "Width": 45, "Height": 14}
        self._put(window, "Button", "run", PositionX=68, Label="Run", PushButtonType=OK, **foot)
        self._put(
            window, "Button", "no", PositionX=117, Label="Cancel", PushButtonType=CANCEL, **foot
        )
        dialog = self._new("com.sun.star.awt.UnoControlDialog")
        dialog.setModel(window)
        above = document.CurrentController.Frame.ContainerWindow
        dialog.createPeer(above.Toolkit, above)
        try:
            if not dialog.execute():
                return None
            typed = [(name, window.getByName(name).Text.strip()) for name in names]
            return [f"{name}={text}" for name, text in typed if text]
        finally:
            dialog.dispose()

    def _put(self, window, kind, name, **said):
        """A control of the window."""
        control = window.createInstance(f"com.sun.star.awt.UnoControl{kind}Model")
        for key, value in said.items():
            setattr(control, key, value)
        window.insertByName(name, control)

    def _press(self, document, button, once):
        pipe = f"pipe,name=xlcollab{uuid.uuid4().hex}"
        acceptor = self._new("com.sun.star.connection.Acceptor")
        threading.Thread(target=self._accept, args=(acceptor, pipe), daemon=True).start()
        command = [PYTHON, "-m", "xlcollab.faces.ribbon", button, document.Title, pipe]
        command += ["--once", *once] if once else []
        threading.Thread(target=self._run, args=(command, acceptor, document), daemon=True).start()

    def _accept(self, acceptor, pipe):
        connection = acceptor.accept(pipe)
        if connection is not None:
            bridges = self._new("com.sun.star.bridge.BridgeFactory")
            bridges.createBridge("", "urp", connection, Context(self._context))

    def _run(self, command, acceptor, document):
        own = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH")  # they are LibreOffice's
        surroundings = {name: value for name, value in os.environ.items() if name not in own}
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            done = subprocess.run(
                command, env=surroundings, stderr=subprocess.PIPE, text=True, creationflags=flags
            )
            trouble = done.stderr.strip() if done.returncode else ""
        except OSError as error:
            trouble = f"{error}: install xlcollab there, or build this extension anew"
        acceptor.stopAccepting()
        if trouble:
            window = document.CurrentController.Frame.ContainerWindow
            window.Toolkit.createMessageBox(window, ERRORBOX, 1, "xlcollab", trouble).execute()

    def _new(self, service):
        return self._context.ServiceManager.createInstanceWithContext(service, self._context)


class Context(unohelper.Base, XInstanceProvider):
    """Gives the other end of a pipe what this LibreOffice consists of."""

    def __init__(self, context):
        self._context = context

    def getInstance(self, name):  # noqa: N802 - UNO's name
        return self._context


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - UNO looks for it
g_ImplementationHelper.addImplementation(Menu, SERVICE, (SERVICE,))
