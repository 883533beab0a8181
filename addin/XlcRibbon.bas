Attribute VB_Name = "XlcRibbon"
Option Explicit

' The id of a button is "xlc_" and the name of its action in xlcollab.faces.ribbon.
' The boxes "For the next press" have the name of their setting as their tag; what is typed there is
' given to the next button that takes settings, and forgotten.

Private mRibbon As IRibbonUI
Private mMethod As String
Private mRate As String
Private mSteps As String

Public Sub XlcRibbon_Load(ribbon As IRibbonUI)
    Set mRibbon = ribbon
End Sub

Public Sub XlcRibbon_Change(control As IRibbonControl, text As String)
    Select Case control.ID
        Case "xlc_once_method": mMethod = text
        Case "xlc_once_rate": mRate = text
        Case "xlc_once_steps": mSteps = text
    End Select
End Sub

Public Sub XlcRibbon_Text(control As IRibbonControl, ByRef shown As Variant)
    Select Case control.ID
        Case "xlc_once_method": shown = mMethod
        Case "xlc_once_rate": shown = mRate
        Case "xlc_once_steps": shown = mSteps
        Case Else: shown = ""
    End Select
End Sub

Public Sub XlcRibbon_Run(control As IRibbonControl)
    Dim action As String
    Dim once As String
    action = Mid$(control.ID, 5)
    Select Case action
        Case "solve", "find_rate", "run_n", "fit_ratings"
            once = XlcRibbon_Said("method", mMethod) & XlcRibbon_Said("learning rate", mRate) _
                & XlcRibbon_Said("iterations", mSteps)
            XlcRibbon_Forget
    End Select
    RunPython "from xlcollab.faces import ribbon; ribbon.start('" & action & "'" & once & ")"
End Sub

Private Function XlcRibbon_Said(setting As String, ByVal typed As String) As String
    ' As a further argument of a call in Python; quotes and backslashes belong to no setting.
    typed = Replace(Replace(Trim$(typed), "'", ""), Chr$(92), "")
    If Len(typed) > 0 Then XlcRibbon_Said = ", '" & setting & "=" & typed & "'"
End Function

Private Sub XlcRibbon_Forget()
    mMethod = ""
    mRate = ""
    mSteps = ""
    If Not mRibbon Is Nothing Then mRibbon.Invalidate
End Sub

Public Sub Auto_Open()
    ' Words for the function wizard. Excel takes them only while a workbook is visible.
    On Error Resume Next
    XlcDescribe
End Sub
