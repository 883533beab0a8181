Attribute VB_Name = "XlcRibbon"
Option Explicit

' The id of a button is "xlc_" and the name of its action in xlcollab.faces.ribbon.

Public Sub XlcRibbon_Run(control As IRibbonControl)
    RunPython "from xlcollab.faces import ribbon; ribbon.start('" & Mid$(control.ID, 5) & "')"
End Sub

Public Sub Auto_Open()
    ' Words for the function wizard. Excel takes them only while a workbook is visible.
    On Error Resume Next
    XlcDescribe
End Sub
