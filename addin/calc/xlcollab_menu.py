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
SERVICE = "org.xlcollab.Menu"


class Menu(unohelper.Base, XJobExecutor):
    """`service:org.xlcollab.Menu?solve` presses the button solve."""

    def __init__(self, context):
        self._context = context

    def trigger(self, button):
        document = self._new("com.sun.star.frame.Desktop").CurrentComponent
        pipe = f"pipe,name=xlcollab{uuid.uuid4().hex}"
        acceptor = self._new("com.sun.star.connection.Acceptor")
        threading.Thread(target=self._accept, args=(acceptor, pipe), daemon=True).start()
        command = [PYTHON, "-m", "xlcollab.faces.ribbon", button, document.Title, pipe]
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
